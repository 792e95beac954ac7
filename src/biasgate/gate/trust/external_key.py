"""Private keys that stay where they are: in a hardware token or a cloud's key service, named by a signer's URI.

The URIs are those of securesystemslib: ``hsm:2?label=gate`` (PKCS#11), ``awskms:<key id>``,
``gcpkms:projects/…/cryptoKeyVersions/1``, ``azurekms://<vault>.vault.azure.net/keys/<key>/<version>``,
``hv:<key>/1`` (Vault). Each takes an extra of biasgate, and credentials as its service has them.
"""

# pyright: reportPrivateImportUsage=false
# (securesystemslib.signer lists its public names without an __all__)

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from biasgate.errors import BiasgateError, InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from securesystemslib.signer import Signer

KEY_URI_VARIABLE = "BIASGATE_SIGNING_KEY_URI"
PIN_VARIABLE = "BIASGATE_SIGNING_KEY_PIN"
EXTRAS = {"hsm": "hsm", "awskms": "awskms", "gcpkms": "gcpkms", "azurekms": "azurekms", "hv": "vault"}
"""The extra that each scheme takes."""


def external_key(uri: str, public: EllipticCurvePublicKey, *, keyid: str) -> Signer:
    """The key behind a signer's URI; a token's PIN, from ``BIASGATE_SIGNING_KEY_PIN``, is asked for when it signs.

    Args:
        uri: Names the private key.
        public: Its public half.
        keyid: By which signatures name it.

    Raises:
        InputError: The scheme is unknown, its extra is not installed, or no key is there.
    """
    from securesystemslib.exceptions import UnsupportedLibraryError
    from securesystemslib.signer import Signer, SSlibKey

    scheme = uri.partition(":")[0]
    if scheme not in EXTRAS:
        raise InputError(f"no signer for {scheme!r}", where=KEY_URI_VARIABLE, fix=f"use one of {', '.join(EXTRAS)}")
    try:
        return Signer.from_priv_key_uri(uri, SSlibKey.from_crypto(public, keyid=keyid), _pin)
    except UnsupportedLibraryError as error:
        fix = f"pip install 'biasgate[{EXTRAS[scheme]}]'"
        raise InputError(f"{scheme} needs an extra that is not installed", where=KEY_URI_VARIABLE, fix=fix) from error
    except BiasgateError:
        raise
    except Exception as error:  # each service raises errors of its own
        fix = "check the URI, and the service's credentials"
        raise InputError(f"no key there ({type(error).__name__})", where=KEY_URI_VARIABLE, fix=fix) from error


def _pin(secret: str) -> str:
    if pin := os.environ.get(PIN_VARIABLE):
        return pin
    raise InputError(f"the token asks for its {secret}", where=KEY_URI_VARIABLE, fix=f"set {PIN_VARIABLE}")
