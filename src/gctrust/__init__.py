"""gctrust keeps the trust of a Genesys Cloud organisation in order.

Mail domains that authenticate, TLS certificates that serve, client-certificate pins that rotate.
"""
