from aws_cdk import App
from cdk_glue_medallion import DatasetDirectory

app = App()

# lake/config.json configures the core. Every config.json in a folder below it is a dataset.
DatasetDirectory(app, "Lake", path="lake")

app.synth()
