"""Every public function of adla.core has an example, and the examples are true."""

import doctest
import inspect
import sys

import pytest

import adla.core

FUNCTIONS = [n for n in adla.core.__all__ if inspect.isfunction(getattr(adla.core, n))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_example(name):
    function = getattr(adla.core, name)
    scope = vars(sys.modules[function.__module__])
    (test,) = doctest.DocTestFinder(recurse=False).find(function, name, globs=dict(scope))
    assert test.examples, f"{name} has no example"
    said = []
    doctest.DocTestRunner().run(test, out=said.append)
    assert not said, "".join(said)
