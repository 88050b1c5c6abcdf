"""Import a handler and make its first client, or boto3 and one client; print the seconds that it took.

`cold_start.py SERVICE` is the yardstick, `cold_start.py SERVICE LAYER FUNCTION` the handler in its folder.
"""

import sys
import time
from importlib import import_module

# Time of the processor: a machine that is busy with other things must not count.
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
