"""The image that components run in, and the decorator that puts them there."""

import functools
import os

from kfp import dsl

IMAGE = os.environ.get("BIASGATE_IMAGE", "biasgate:0.1.0")

component = functools.partial(dsl.component, base_image=IMAGE, install_kfp_package=False)
