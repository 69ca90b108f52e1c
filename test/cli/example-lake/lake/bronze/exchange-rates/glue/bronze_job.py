import json
import sys
from urllib.request import urlopen
from xml.etree import ElementTree

from etl_runtime.bronze import Fetching, run_bronze

RATES = "https://source.example.org/rates.xml"


def fetch(source: Fetching) -> None:
    with urlopen(RATES, timeout=60) as response:
        document = ElementTree.parse(response)
    with (source.folder / "rates.jsonl").open("w") as file:
        for rate in document.iter("rate"):
            file.write(json.dumps(rate.attrib) + "\n")


if __name__ == "__main__":
    run_bronze(sys.argv, fetch)
