import os

# With Node 20, jsii prints an end-of-life warning in each synthesis. cdk-glue-medallion supports Node 20.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

from aws_cdk import App  # noqa: E402
from cdk_glue_medallion import DatasetDirectory  # noqa: E402

app = App()

# {{lake_config}} configures the core. Each config.json in a subfolder defines a dataset.
DatasetDirectory(app, "Lake", path="{{lake}}")

app.synth()
