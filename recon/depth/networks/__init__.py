"""Networks of our own. Apart from the estimators, since their modules import torch."""
