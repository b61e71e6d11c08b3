"""The command `merchant-conformance`, and in an installation the one package that holds the whole suite.

In the repository the parts of the suite are folders side by side: `conformance`, `steps`, `sandbox`, `tests`,
`openapi`, `features`. The build puts them into this package, so that nothing of them lies loose among other packages.
The command puts the folder that holds them on the path of its own process, so that the same imports work in both.
"""
