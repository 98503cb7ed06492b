"""What mmcv says about the compilers of its ops; here there are none."""


def get_compiler_version() -> str:
    """Return what stands for the C++ compiler's version."""
    return "none (adla.compat on torchvision)"


def get_compiling_cuda_version() -> str:
    """Return what stands for the version of CUDA that the ops were compiled with."""
    return "none (adla.compat on torchvision)"


FUNCTIONS = {
    "get_compiler_version": get_compiler_version,
    "get_compiling_cuda_version": get_compiling_cuda_version,
}
