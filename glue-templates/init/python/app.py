from aws_cdk import App
from cdk_glue_medallion import DatasetDirectory

app = App()

# lake/config.json configures the core. Each config.json in a subfolder defines a dataset.
DatasetDirectory(app, "Lake", path="lake")

app.synth()
