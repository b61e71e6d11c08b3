"""Unusual values by classes: what one request carries of them, and the steps that send it and read it back."""
