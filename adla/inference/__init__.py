"""Detect tiny objects in pictures of any size: windowed reading, slices, seams, journal, outputs.

It needs the optional packages rasterio and sahi (``pip install 'adla[scenes]'``), so
``import adla`` leaves it alone.
"""
