"""Tests of the package cnn. Run from the folder above: python3 -m unittest discover -s tests -t ."""

import signal

# A program that a shell began in the background ignores the interrupt key, which some tests press.
signal.signal(signal.SIGINT, signal.default_int_handler)
