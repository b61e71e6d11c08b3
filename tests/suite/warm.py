"""Imported by the process that runs are forked from, so that none of them compiles what all of them use."""

from conformance.report.html import environment

for _name in environment().list_templates(extensions=["html"]):
    environment().get_template(_name)
