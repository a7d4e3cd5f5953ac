"""Modules of libraries that are imported at every start, and of which no call of ours uses anything.

Call `put_off` before the library is imported. The module is loaded when an attribute of it is read.
"""

import sys
from importlib import import_module, util

# PyJWT tells keys from certificates with it, for algorithms that are not ours. It compiles long regular expressions.
_MODULES = ("cryptography.x509",)


def put_off() -> None:
    """Put off loading these modules until something of them is used."""
    for name in _MODULES:
        spec = util.find_spec(name)
        if name in sys.modules or spec is None or spec.loader is None:
            continue
        spec.loader = util.LazyLoader(spec.loader)
        module = util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        # `from package import module` loads a module that its package does not have.
        package, _, last = name.rpartition(".")
        setattr(import_module(package), last, module)
