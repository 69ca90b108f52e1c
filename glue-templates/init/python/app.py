from aws_cdk import App
from cdk_glue_medallion import DatasetDirectory

app = App()

# lake/config.json is the core, and every config.json below it a dataset.
DatasetDirectory(app, "Lake", path="lake")

app.synth()
