"""Depth estimators: one module each, with a common protocol, listed by the registry."""

import os

# Before torch is loaded, which reads them once: its threads sleep while they wait for each other. Else they spin,
# and on a machine whose cores are taken two of them take four times as long as one. The numbers are the same.
for _name, _value in (("OMP_WAIT_POLICY", "PASSIVE"), ("GOMP_SPINCOUNT", "0")):
    os.environ.setdefault(_name, _value)
