"""How far an estimator is off, fitted on photos with true depth."""
