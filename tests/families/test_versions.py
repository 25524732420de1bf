"""Another CPU draws the same tasks; `.ci/versions` holds other versions of the libraries to the same law."""

import json
import platform
import subprocess
import sys

import pytest
from families import elsewhere
from numpy._core import _multiarray_umath as loops


@pytest.fixture
def there(tmp_path):
    """Do something in a process that takes its CPU for an old one."""

    def _there(what):
        done = subprocess.run(
            [sys.executable, elsewhere.__file__, "old-cpu", what],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    return _there


@pytest.mark.slow
def test_another_cpu_draws_the_same_tasks(there):
    here, old = elsewhere.drawn(), there("draw")
    assert here["parts"] == old["parts"]
    assert here["digests"] == old["digests"]


def test_the_other_cpu_computes_other_last_bits(there):
    """Else the law above would hold of anything."""
    if platform.machine() != "x86_64" or not loops.__cpu_features__["AVX2"]:
        pytest.skip("this CPU has nothing that could be left out")
    here, old = elsewhere.floats(), there("floats")
    assert here["numpy"] != old["numpy"]
    assert here["blas"] != old["blas"]
    name, version = platform.libc_ver()
    if name == "glibc" and tuple(map(int, version.split("."))) >= (2, 33):
        assert here["libm"] != old["libm"]
