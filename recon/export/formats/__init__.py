"""One module per format; every module here that declares FORMAT or FORMATS is registered."""
