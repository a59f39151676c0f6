"""How stores of earlier versions become what schema.py says: one module for each version.

A step is written once and never changed: it names its tables itself and imports nothing of ours,
because what it would import goes on changing. It looks before it changes, so that a store which
has the change already is left as it is.
"""
