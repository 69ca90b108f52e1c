import unittest

from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from cdk_glue_medallion import DatasetDirectory


class LakeTest(unittest.TestCase):
    def test_every_dataset_has_a_job_and_a_crawler_for_parquet_tables(self) -> None:
        datasets = DatasetDirectory(App(), "Lake", path="{{lake}}").datasets
        self.assertTrue(datasets)
        for name, dataset in datasets.items():
            with self.subTest(name):
                template = Template.from_stack(Stack.of(dataset))
                template.has_resource_properties("AWS::Glue::Job", {"Name": dataset.job_name})
                if dataset.crawler_name is not None:
                    template.has_resource_properties("AWS::Glue::Crawler", {"Name": dataset.crawler_name})


if __name__ == "__main__":
    unittest.main()
