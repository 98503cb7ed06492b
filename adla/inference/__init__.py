"""Detect tiny objects in pictures of any size: read window by window, detect by slices, merge.

``prediction`` runs it for many images. It needs the optional packages rasterio and sahi
(``pip install 'adla[scenes]'``), so ``import adla`` leaves it alone.
"""
