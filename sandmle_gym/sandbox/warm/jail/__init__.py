"""What runs inside the jail: standalone programs of the standard library alone, started by path.

Inside the jail the package `sandmle_gym` does not exist, so these files import each other by their bare
names and nothing of the package. (`local` borrows `runner.py`, by path, and `files.py`.)
"""
