"""Autologging without a word about any library: what every flavor's `autolog()` is built on.

- `config`: the arguments that all flavors share
- `switches`: which flavors are on, and with what arguments
- `patching`: wrap a library's function so that a mistake in logging never reaches the training
- `session`: one logged training with its run; fits inside fits are logged once (`guard`)
- `buffer`: collect params, tags and metrics and write them in few transactions
- `imports`: do something once a library is imported
"""
