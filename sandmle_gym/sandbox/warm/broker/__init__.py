"""The process behind a pool: a standalone program of the standard library alone, started by path.

It holds no more than it needs (no numpy, no package of ours), so these files import each other by their
bare names. `pool.py` starts it and talks to it; nothing here runs inside a jail.
"""
