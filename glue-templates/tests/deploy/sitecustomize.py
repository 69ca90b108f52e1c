"""Lets the Lambda function of CDK's BucketDeployment find the AWS CLI of its layer: the emulator does not mount /opt.

Python imports this module at its start if the folder is in PYTHONPATH.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_start = subprocess.Popen.__init__


def _with_the_cli_of_the_layer(self: "subprocess.Popen[Any]", args: Any, *others: Any, **named: Any) -> None:
    if isinstance(args, list) and args[:1] == ["/opt/awscli/aws"]:
        layers = [Path(folder) for folder in os.environ["_LAMBDA_LAYERS_DIRS"].split(os.pathsep)]
        cli = next(layer / "awscli" / "aws" for layer in layers if (layer / "awscli" / "aws").exists())
        args = [sys.executable, str(cli), *args[1:]]
    _start(self, args, *others, **named)


subprocess.Popen.__init__ = _with_the_cli_of_the_layer  # type: ignore[method-assign]
