# ruff: noqa: E501 -- a table
"""The CT logs Chrome knows, as the product's own dated table (public facts; list version 85.108).

One row a log: name, operator, kind, state, since when, the notAfter interval it takes, and the tail
of its P-256 key (every key shares the same 27-octet head). `gctrust ct update` brings newer facts.
"""

from __future__ import annotations

LISTED_AT = "2026-06-14T13:37:40Z"
P256_HEAD = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"

# name | operator | kind | state | state since | notAfter from | notAfter before | key tail (base64)
# fmt: off
ROWS = (
    "Google 'Argon2026h1' log|Google|rfc6962|usable|2024-09-30T22:19:27Z|2026-01-01|2026-07-01|"
    "B/we6GOO/xwxivy4HhkrYFAAPo6e2nc346Wo2o2U+GvoPWSPJz91s/xrEvA3Bk9kWHUUXVZS5morFEzsgdHqPg==",
    "Google 'Argon2026h2' log|Google|rfc6962|usable|2024-09-30T22:19:27Z|2026-07-01|2027-01-01|"
    "Kjpni/66DIYrSlGK6Rf+e6F2c/28ZUvDJ79N81+gyimAESAyeNZ++TRgjHWg9TVQnKHTSU0T1TtqDupFnSQTIg==",
    "Google 'Argon2027h1'|Google|rfc6962|usable|2025-12-28T00:30:00Z|2027-01-01|2027-07-01|"
    "KHRm0H/zUaFA6Idz5cGvGO3tCPQyfGMgJmVBOPyKAP6mGM1IiNXi4CLomOUyYj0YN74p+eGVApFMsM4h/jzCsA==",
    "Google 'Xenon2026h1' log|Google|rfc6962|usable|2024-09-30T22:19:27Z|2026-01-01|2026-07-01|"
    "Oh/Iu87VkEc0ysoBBCchHOIpPZK7kUXHWj6l1PIS5ujmQ7rze8I4r/wjigVW6wMKMMxjbNk8vvV7lLqU07+ITA==",
    "Google 'Xenon2026h2' log|Google|rfc6962|usable|2024-09-30T22:19:27Z|2026-07-01|2027-01-01|"
    "5Xd4lXEos5XJpcx6TOgyA5Z7/C4duaTbQ6C9aXL5Rbqaw+mW1XDnDX7JlRUninIwZYZDU9wRRBhJmCVopzwFvw==",
    "Google 'Xenon2027h1'|Google|rfc6962|usable|2025-12-28T00:30:00Z|2027-01-01|2027-07-01|"
    "/6WcA4VRSljIfTdY48+pFRLLtLrmTb88cGDdl8Gv3E2LduG4jgJ3AK5iNMFGhpbRRLi5B3rPlBaXVywuR5IFDg==",
    "Cloudflare 'Nimbus2026'|Cloudflare|rfc6962|usable|2024-11-08T18:00:00Z|2026-01-01|2027-01-01|"
    "2FxhT6xq0iCATopC9gStS9SxHHmOKTLeaVNZ661488Aq8tARXQV+6+jB0983v5FkRm4OJxPqu29GJ1iG70Ahow==",
    "Cloudflare 'Nimbus2027'|Cloudflare|rfc6962|usable|2025-11-15|2027-01-01|2028-01-01|"
    "Yjd/jE0EoAhNBbfcNhrTb7F0x10KZK8r2SDjx1GdjJ75hJrHx2OCQ+BXRjXi+czoREN1u0j9cWl8d6OoPMPogQ==",
    "DigiCert 'Wyvern2026h1'|DigiCert|rfc6962|usable|2024-11-08|2026-01-01|2026-07-01|"
    "7Lw0OeKajbeZepHxBXJS2pOJXToHi5ntgKUW2nMhIOuGlofFxtkXum65TBNY1dGD+HrfHge8Fc3ASs0qMXEHVQ==",
    "DigiCert 'Wyvern2026h2'|DigiCert|rfc6962|usable|2024-11-08|2026-07-01|2027-01-01|"
    "enPbSvLeT+zhFBu+pqk8IbhFEs16iCaRIFb1STLDdWzL6XwTdTWcbOzxMTzB3puME5K3rT0PoZyPSM50JxgjmQ==",
    "DigiCert 'Wyvern2027h1'|DigiCert|rfc6962|usable|2025-12-20T18:00:00Z|2027-01-01|2027-07-01|"
    "astxYj1mntGuyv74k4f+yaIx+ZEzlSJ+iVTYWlw8SpSKJ4TfxYWuBhnETlhpyG/5seJn0mOSnVgXsZ1JRflI7g==",
    "DigiCert 'Wyvern2027h2'|DigiCert|rfc6962|usable|2025-12-20T18:00:00Z|2027-07-01|2028-01-01|"
    "uOg8hcgaYT/MShxpag2Hige0zsLzz8vOLZXp6faCdzM+Mn/njyU9ROAuwDxuu88/Grxn46kmehdOKVDFexbdSg==",
    "DigiCert 'Sphinx2026h1'|DigiCert|rfc6962|usable|2024-11-08|2026-01-01|2026-07-01|"
    "q4S++DyHokIlmmacritS51r5IRsZA6UH4kYLH4pefGyu/xl3huh7/O5rNk/yvMOeBQKaCAG1SSM1xNNQK1Hp9A==",
    "DigiCert 'Sphinx2026h2'|DigiCert|rfc6962|usable|2024-11-08|2026-07-01|2027-01-01|"
    "quD0JkRQT/2inuaA4HC1sc6UpfiXgURVQmQcInmnZFnTiZMhZvsJgWAfYlU0OIykOC6slQzr7U9kvEVC9wZ6zQ==",
    "DigiCert 'sphinx2027h1'|DigiCert|rfc6962|usable|2025-12-20T18:00:00Z|2027-01-01|2027-07-01|"
    "virIq1XPwgwG7BnbMh2zoUbEt+T8z8XAtg9lo8jma+aaTQl8iVCypUFXtLpt4/SHaoUzbvcjDX/6B1IbL3OoIQ==",
    "DigiCert 'sphinx2027h2'|DigiCert|rfc6962|usable|2025-12-20T18:00:00Z|2027-07-01|2028-01-01|"
    "UCe23M889mAsUVeTTBcNsAmP374ZWQboLdR8RdGwM3VZ6P/sDwhrL7wK4zrXPh3HwLDDLxDjvRBeivUSbpZSwA==",
    "Sectigo 'Mammoth2026h1'|Sectigo|rfc6962|readonly|2025-09-18T17:20:00Z|2026-01-01|2026-07-01|"
    "nssMilHMiuILzoXmr00x2xtqTP2weWuZl8Bd+25FUB1iqsafm2sFPaKrK12Im1Ao4p5YpaX6+eP6FSXjFBMyxA==",
    "Sectigo 'Mammoth2026h2'|Sectigo|rfc6962|readonly|2025-09-18T17:20:00Z|2026-07-01|2027-01-01|"
    "7INh8te0u+TkO+vIY3WYz2GQYxQ9XyLfdLpQp1ibaX3mY4lt2ddRhD/4AtjI/8KXceV+J/VysY8kJ1cKDXTAtg==",
    "Sectigo 'Sabre2026h1'|Sectigo|rfc6962|readonly|2025-09-18T17:20:00Z|2026-01-01|2026-07-01|"
    "hCa8Nr3YjTyHnuAQr82U2de5UYA0fvdYXHPq6wmTuBB7kJx9x82WQ+1TbpUhRmdR8N62yZ6q4oBtziWBNNdqYA==",
    "Sectigo 'Sabre2026h2'|Sectigo|rfc6962|readonly|2025-09-18T17:20:00Z|2026-07-01|2027-01-01|"
    "zjXK7DkHgtp3J4bk8n7F3Djym6mrjKfA7YMePmobwPCVVroyM0x1fAkH6eE+ZTVj8Em+ctGqna99CMS0jVk9cw==",
    "Sectigo 'Elephant2026h1'|Sectigo|rfc6962|usable|2025-07-22T01:33:20Z|2026-01-01|2026-07-01|"
    "U0lqnPHoXuU9Fc9dJv1HQZCvssJfvxLsirwVQ/fkFyUqeu4inwPKikeT4DGyyWWH4NR/DCJa2bAumHrXJdAcaQ==",
    "Sectigo 'Elephant2026h2'|Sectigo|rfc6962|usable|2025-07-22T01:33:20Z|2026-07-01|2027-01-01|"
    "O/t4Uwkoou78zkCchh9tfAKbIUJmbOoUAb8szD8StnnHFKAVY5kq1Ljs8YD7CfzdD7xcVjmQYpbtNUhxRMRtmA==",
    "Sectigo 'Elephant2027h1'|Sectigo|rfc6962|usable|2025-07-22T01:33:20Z|2027-01-01|2027-07-01|"
    "4fu36JygUwaaVO+ddWJ97FJZlA5SjPLmT+RHwg0pavkIrbT1b5LNQrsaEw0CoGraf7BkzKZf7PC8gYAScw2woA==",
    "Sectigo 'Elephant2027h2'|Sectigo|rfc6962|usable|2025-07-22T01:33:20Z|2027-07-01|2028-01-01|"
    "CTPhpJnRFroRRpP/1DdAns+PrnmUywtqIV+EeL4Jg8zKouoW7kuAkYo+kZeoHtyK7CBhflIlMk7T2Qrn4w/t8g==",
    "Sectigo 'Tiger2026h1'|Sectigo|rfc6962|usable|2025-09-18T23:00:00Z|2026-01-01|2026-07-01|"
    "73eDJyszDbzsWcgI0nbtU0+y11gQWjNjS/RSO5P4hOSFE+pPrDCtfNPHe6dq7/XQYwOFt9Feb8TwQW+mqXN5xg==",
    "Sectigo 'Tiger2026h2'|Sectigo|rfc6962|usable|2025-09-18T23:00:00Z|2026-07-01|2027-01-01|"
    "fJFUD/FRkonvZIA9ZT1J3yvA4EpSp3innbIVpMTDR1oCe5vguapheQ7wYiWaCES1EL1B+2BEC+P5bUfwF44lnA==",
    "Sectigo 'Tiger2027h1'|Sectigo|rfc6962|usable|2025-09-18T23:00:00Z|2027-01-01|2027-07-01|"
    "mMQofpsDjCVYzF4jXdFWM/ioYBJIPcsQQrNAHE6v4lOsADoI+/jN1lph8x4K3NgnXDXwmyJcFwRYgVOBMhaYhA==",
    "Sectigo 'Tiger2027h2'|Sectigo|rfc6962|usable|2025-09-18T23:00:00Z|2027-07-01|2028-01-01|"
    "b0AgkemhsPmYe1goCSy5ncf2lG9vtK6f+SzODKJMYEgPOT+z93cUEKM1EaTuo09rozfdqhjeihIl25y9A3JhyQ==",
    "Let's Encrypt 'Oak2026h1'|Let's Encrypt|rfc6962|retired|2026-02-28|2025-12-20|2026-07-20|"
    "mdRhcCL6d5MNs8eAliJRvyV5sQFC6UF7iwzHsmVaifT64gJG1IrHzBAHESdFSJAjQN56TYky+9cK616MovH2SQ==",
    "Let's Encrypt 'Oak2026h2'|Let's Encrypt|rfc6962|retired|2026-02-28|2026-06-20|2027-01-20|"
    "anCds5bj7IU2lcNPnIvZfMnVkSmu69aH3AS8O/Y0D/bbCPdSqYjvuz9Z1tT29PxcqYxf+w1g5CwPFuwqsm3rFQ==",
    "Let's Encrypt 'Sycamore2026h1'|Let's Encrypt|tiled|usable|2025-11-27T03:00:00Z|2025-12-18|2026-06-18|"
    "fEEe0JZknA91/c6eNl1aexgeKzuGQUMvRCXPXg9L227O5I4Pi++Abcpq6qxlVUKPYafAJelAnMfGzv3lHCc8gA==",
    "Let's Encrypt 'Sycamore2026h2'|Let's Encrypt|tiled|usable|2025-11-27T03:00:00Z|2026-06-18|2026-12-17|"
    "wR1FtiiMbpvxR+sIeiZ5JSCIDIdTAPh7OrpdchcrCcyNVDvNUq358pqJx2qdyrOI+EjGxZ7UiPcN3bL3Q99FqA==",
    "Let's Encrypt 'Sycamore2027h1'|Let's Encrypt|tiled|usable|2025-11-27T03:00:00Z|2026-12-17|2027-06-18|"
    "WrGdYyZYB7teCS4K/oKIsbV0yVBSgjlOwO22OOCoA6Y252QhFzC8Wg7oVXVKqfkWaSaM/n+3pfCBf4BAkpdx8g==",
    "Let's Encrypt 'Sycamore2027h2'|Let's Encrypt|tiled|usable|2025-11-27T03:00:00Z|2027-06-18|2027-12-16|"
    "K+2zy2UWRMIyC2jU46+rj8UsyMjLsQIr1Y/6ClbdpWGthUb8y3Maf4zfAZTWW+AH9wAWPLRL5vmtz7Zkh2f2nA==",
    "Let's Encrypt 'Willow2026h1'|Let's Encrypt|tiled|usable|2025-11-27T03:00:00Z|2025-12-17|2026-06-17|"
    "tpFyulwgy1+u+wYQ37lbV+HsPFNYoi4sy6dZP662N/Z/usdNi4+Q3RLES1RY2PNk7zL/7VPSn3JERMPu/s4e4A==",
    "Let's Encrypt 'Willow2026h2'|Let's Encrypt|tiled|usable|2025-11-27T03:00:00Z|2026-06-17|2026-12-16|"
    "p8wH8R6zfM+UhsQq5un+lPdNTDkzcgkWLi1DwyqU6T00mtP5/CuGjvpw4mIz89I6KV5ZvhRHt5ZTF6qe24pqiA==",
    "Let's Encrypt 'Willow2027h1'|Let's Encrypt|tiled|usable|2025-11-27T03:00:00Z|2026-12-16|2027-06-17|"
    "zsMKtojO0BVB4t59lVyAhxtqObVA+wId5BpJGA8pZrw5GTjzuhpvLu/heQGi0hHCeislkDe34N/2D0SwEUBE0w==",
    "Let's Encrypt 'Willow2027h2'|Let's Encrypt|tiled|usable|2025-11-27T03:00:00Z|2027-06-17|2027-12-15|"
    "YbMDg0qQEEYjsTttdDlouTKhg3fRiMJYNE+Epr/2bXyeQdQOHKQNKv5sbIKxjtE/5Vqo9YjQbnaOeH4Wm4PhdQ==",
    "TrustAsia 'log2026a'|TrustAsia|rfc6962|usable|2024-09-20|2025-12-24|2027-01-08|"
    "p056yaYH+f907JjLSeEAJLNZLoP9wHA1M0xjynSDwDxbU0B8MR81pF8P5O5PiRfoWy7FrAAFyXY3RZcDFf9gWQ==",
    "TrustAsia 'log2026b'|TrustAsia|rfc6962|usable|2024-09-20|2025-12-24|2027-01-08|"
    "DxKMqebj7GLu31jIUOYmcHYQtwQ5s6f4THM7wzhaEgBM4NoOFopFMgoxqiLHnX0FU8eelOqbV0a/T6R++9/6hQ==",
    "TrustAsia 'HETU2027'|TrustAsia|rfc6962|usable|2025-12-28T00:30:00Z|2026-12-25|2028-01-08|"
    "14jG8D9suqIVWPtTNOL33uXKZ4mUnnOMrIwOWeZU7GtoDRCWIXfy/9/SC8lTAbtP2NOP4wjIufAk6f64sY4DWg==",
    "TrustAsia Luoshu2027|TrustAsia|tiled|usable|2026-02-11T18:30:00Z|2026-12-24|2028-01-08|"
    "umSYzy6dUQlwTckPzKMKApMRinqxHIBlLfmrvx1SdMH1RTACi1wb1V18ss8YjlaC7Pch2OQa8OfRevub4Y9BDQ==",
    "Geomys 'Tuscolo2026h1'|Geomys|tiled|usable|2025-08-31T07:00:00Z|2026-01-01|2026-07-01|"
    "flxzMg2Ajjg7h1+ZIvQ9LV6yFvdj6uRi9YbvtRnSCgS2SamkH56WcPRaBTRYARPDIr5JwLqgJAVA/NvDxdJXOw==",
    "Geomys 'Tuscolo2026h2'|Geomys|tiled|usable|2025-08-31T07:00:00Z|2026-07-01|2027-01-01|"
    "aA6P0i7JTsd9XfzF1/76avRWA3XXI4NStsFO/aFtBp6SY7olDEMiPSFSxGzFQjKA1r9vgG/oFQwurlWMy9FQNw==",
    "Geomys 'Tuscolo2027h1'|Geomys|tiled|usable|2025-10-08T21:00:00Z|2027-01-01|2027-07-01|"
    "OYwwGoaNpZ/SQW0VNGICP7wGRQsSeEowTRl4DPSdPjSkO/+ouvFH78I8sQTR3FWPZDScALbclBqnqL0ptY8beA==",
    "Geomys 'Tuscolo2027h2'|Geomys|tiled|usable|2025-10-08T21:00:00Z|2027-07-01|2028-01-01|"
    "IAz2gOD7wIptaiLTnmR4k7AQwp5kFmqmGHY/8JmMJxaSHyAipoFA/YSBCTX7ZowxIkSKpZYGlqLtdLVcLWDS5w==",
    "IPng Networks 'Halloumi2026h1'|IPng Networks|tiled|usable|2025-12-17T18:30:00Z|2026-01-01|2026-07-01|"
    "zdcnGwRjm2ZoA68JFZKfoM4cOPPG2fr0iR72p3XanznOlw57HJ9RlYRNt75gIMIKgB1r0dxY5Jojq1m8uobYjg==",
    "IPng Networks 'Halloumi2026h2a'|IPng Networks|tiled|usable|2026-01-01T07:30:00Z|2026-07-01|2027-01-01|"
    "iGh4zMsdukTgrdk9iPIwz9OfU9TQVi4Mxufpmnlrzv3ivJcxVhrST4XQSeQoF5LlFVIU6PL4IzrYl12BUWn9rQ==",
    "IPng Networks 'Halloumi2027h1'|IPng Networks|tiled|usable|2025-12-17T18:30:00Z|2027-01-01|2027-07-01|"
    "w5SUl2yfd5TFSqUGv7A+I5+TpLe+zEccmtWVQakQQtOHYKqH8TbycalFx5xaqE5PU4NEwwnAJ9FWeT/6QaovZw==",
    "IPng Networks 'Halloumi2027h2'|IPng Networks|tiled|usable|2025-12-17T18:30:00Z|2027-07-01|2028-01-01|"
    "rmKbFkPG7QfQUARhbIik8vVbIkXhK+YMB6TvLZkyhnzv7wedn+l7VChqovZHKOQXmZEd4B+3ljovIpQz2HmyHA==",
    "IPng Networks 'Gouda2026h1'|IPng Networks|tiled|usable|2025-11-27T03:00:00Z|2026-01-01|2026-07-01|"
    "R6wvqVwhf5isuCtwSfNjTOrqwZg0vZuIMP7xk8fPmJfaFZCte1ptQiqNhRMCtqIgJvDcJyjkGVI8i44vxL877A==",
    "IPng Networks 'Gouda2026h2'|IPng Networks|tiled|usable|2025-11-27T03:00:00Z|2026-07-01|2027-01-01|"
    "jayczmhUMNftWy6VjvYXcTUEpvL8LIAKcYcxrxx5xxQGZEVvhnZeCnXVlsMWhq1h9J55eZfQWM/dqIr6GmoN9Q==",
    "IPng Networks 'Gouda2027h1'|IPng Networks|tiled|usable|2025-11-27T03:00:00Z|2027-01-01|2027-07-01|"
    "Oh11B2aRT9BiTqo+6kvQ7cSGf819Ait+jGc6AuHlGUXxWCX1YCQ9OFNnr6MUKStyw4sVin5FCvtbke1mctl3gQ==",
    "IPng Networks 'Gouda2027h2'|IPng Networks|tiled|usable|2025-11-27T03:00:00Z|2027-07-01|2028-01-01|"
    "PuxPH20sSqUzHGllZceceFvyoSffwBWgX4LKd8wk3A3ayZuwwh2pDuEOsimMxLXFh0IUYz73a9I7kxkUqM+N8w==",
)
# fmt: on
