"""One file for each format; a module here that has FORMAT or FORMATS is one."""
