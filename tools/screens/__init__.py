"""Pictures of programs on a virtual screen: the gallery of formats and the tour of the viewer."""
