"""A script that imports a handler and creates its first client, and prints the seconds that this took.

`cold_start.py SERVICE` is the baseline, boto3 and one client. `cold_start.py SERVICE LAYER FUNCTION` imports
the handler in its folder.
"""

import sys
import time
from importlib import import_module

# Processor time, so that other work of the machine does not count.
began = time.process_time()
service, *folders = sys.argv[1:]
if folders:
    sys.path[:0] = folders
    import_module("app")
    import_module("hippo.aws.clients").make_client(service)
else:
    import boto3

    boto3.client(service)  # type: ignore[call-overload]  # the name is not known to the type checker
sys.stdout.write(str(time.process_time() - began))
