"""Finds the transaction that an incoming line already is, so that each payment appears once.

Reads its arguments and changes nothing. The services act on its verdicts.
"""
