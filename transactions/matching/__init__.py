"""One payment, one line: finding the transaction an incoming line already is.

Reads what it is given and changes nothing; the services act on its verdicts.
"""
