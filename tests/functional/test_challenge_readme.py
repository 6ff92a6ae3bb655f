"""Every command, file and claim in the README of ome2024-ngff-challenge, with this program's name.

Commands stand here as they stand there. `Place.shell` puts one word in the place of another,
addresses on this machine in the place of public ones, and runs them in a shell. Images have the
shapes of the README where these are small, else their proportions.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore
import numpy as np
import pytest
from botocore.config import Config

from tests.build import read_json, sample, write_array
from tests.build_ome import label_of, multiscale_of, pyramid, write_image, write_labels, write_plate
from tests.crates import CC_BY, judged, panel, read
from tests.functional.runs import Ran, assert_in_words, run
from tests.functional.test_resave import assert_whole, storage
from tests.functional.test_resave_scripts import needs_zarrs, run_scripts, scripts_of
from tests.oracles import every_array, every_group
from tests.servers import ACCESS, PUBLIC, SECRET, S3Server, seaweed

NOBODY = {
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "AWS_PROFILE": None,
    "AWS_ENDPOINT_URL": None,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""An environment in which there are no keys."""
LISTING = """
[2024-08-01 14:24:35 CEST]  24MiB STANDARD 0/c/0/0/0/0
[2024-08-01 14:24:28 CEST]   598B STANDARD 0/zarr.json
[2024-08-01 14:24:32 CEST] 6.0MiB STANDARD 1/c/0/0/0/0
[2024-08-01 14:24:28 CEST]   598B STANDARD 1/zarr.json
[2024-08-01 14:24:29 CEST] 1.6MiB STANDARD 2/c/0/0/0/0
[2024-08-01 14:24:28 CEST]   592B STANDARD 2/zarr.json
[2024-08-01 14:24:28 CEST] 1.2KiB STANDARD ro-crate-metadata.json
[2024-08-01 14:24:28 CEST] 2.7KiB STANDARD zarr.json
"""
DETAILS = """\
# params_4496763.json
[{"shape": [4, 25, 2048, 2048], "chunks": [1, 1, 2048, 2048], "shards": [4, 1, 2048, 2048]}, \
{"shape": [4, 25, 1024, 1024], "chunks": [1, 1, 1024, 1024], "shards": [4, 1, 1024, 1024]}, \
{"shape": [4, 25, 512, 512], "chunks": [1, 1, 512, 512], "shards": [4, 1, 512, 512]}, \
{"shape": [4, 25, 256, 256], "chunks": [1, 1, 256, 256], "shards": [4, 1, 256, 256]}, \
{"shape": [4, 25, 128, 128], "chunks": [1, 1, 128, 128], "shards": [4, 1, 128, 128]}, \
{"shape": [4, 25, 64, 64], "chunks": [1, 1, 64, 64], "shards": [4, 1, 64, 64]}]
"""


@dataclass(frozen=True)
class Place:
    """A folder and a server, in which the README's addresses are."""

    folder: Path
    server: S3Server

    def shell(self, line: str, env: dict[str, str | None] | None = None) -> Ran:
        """Run a command of the README by a shell; it must succeed."""
        line = re.sub("^ome2024-ngff-challenge", "zarrlift-resave", line)
        ours = {
            "https://uk1s3.embassy.ebi.ac.uk": self.server.endpoint,
            "=HOST": f"={self.server.endpoint}",
            "=BUCKET": f"={PUBLIC}",
            "=idr": f"={PUBLIC}",
            "=bia-integrator-data": f"={PUBLIC}",
            " /tmp/": f" {self.folder}/tmp/",
            " /data/": f" {self.folder}/data/",
        }
        for theirs, word in ours.items():
            line = line.replace(theirs, word)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ran = run(["sh", "-c", line], cwd=self.folder, env={**NOBODY, "PATH": path, **(env or {})})
        assert ran.code == 0, ran.said
        assert_in_words(ran)
        return ran

    def client(self, **settings: Any) -> Any:
        """A client of the server, by other people's hand."""
        return boto3.client(
            "s3", endpoint_url=self.server.endpoint, region_name="us-east-1", **settings
        )

    def put(self, folder: Path, key: str) -> None:
        """Upload a dataset to the public bucket."""
        client = self.client(aws_access_key_id=ACCESS, aws_secret_access_key=SECRET)
        for path in (p for p in folder.rglob("*") if p.is_file()):
            name = f"{key}/{path.relative_to(folder).as_posix()}"
            client.put_object(Bucket=PUBLIC, Key=name, Body=path.read_bytes())

    def listed(self, key: str) -> list[str]:
        """List a dataset as anybody may, as `mc ls -r` does."""
        client = self.client(config=Config(signature_version=botocore.UNSIGNED))
        found = client.list_objects_v2(Bucket=PUBLIC, Prefix=f"{key}/")["Contents"]
        return [entry["Key"][len(key) + 1 :] for entry in found]


@pytest.fixture(name="server", scope="module")
def run_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for all examples."""
    with seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(name="place")
def make_place(server: S3Server, tmp_path: Path) -> Place:
    """A folder of its own for each example."""
    return Place(tmp_path, server)


@pytest.fixture(name="image")
def make_image(tmp_path: Path) -> Path:
    """The image that the README's short examples call `input.zarr`."""
    return write_image(tmp_path / "input.zarr", pyramid(sample((1, 2, 2, 48, 80), "<u2")))


def volume(folder: Path) -> Path:
    """Write an image of 6001240's kind: two channels of a volume, at three levels."""
    values = sample((2, 6, 55, 54), "<u2")
    return write_image(folder, pyramid(values, 3), axes="czyx", chunks=(1, 1, 55, 54))


# --- Challenge overview --------------------------------------------------------------------------


def test_data_of_the_challenge(tmp_path: Path, place: Place) -> None:
    """All v2 arrays are v3, all members of `.zattrs` lie under `ome`, and there is a crate."""
    said = "--cc-by --rocrate-organism=NCBI:txid9606 --rocrate-modality=obo:FBbi_00000369"
    values = sample((1, 2, 1, 16, 24), "<u2")
    write_labels(
        write_image(tmp_path / "image.zarr", pyramid(values)), {"cells": pyramid(label_of(values))}
    )
    write_plate(tmp_path / "plate.zarr")

    for name in ("image", "plate"):
        place.shell(f"ome2024-ngff-challenge resave {said} {name}.zarr {name}-v3.zarr")

        source, target = tmp_path / f"{name}.zarr", tmp_path / f"{name}-v3.zarr"
        assert_whole(source, target)
        for path in every_array(source):
            assert read_json(target / path / "zarr.json")["zarr_format"] == 3
        for group in every_group(source):
            old = source / group / ".zattrs"
            new: Any = read_json(target / group / "zarr.json")["attributes"]
            assert set(read_json(old) if old.is_file() else ()) <= set(new.get("ome", ()))
        assert not list(target.rglob(".z*"))
        judged(read(target))
        assert panel(read(target)) == {
            "license": CC_BY,
            "name": f"{name}.zarr",
            "description": None,
            "organism": "NCBI:txid9606",
            "modality": "obo:FBbi_00000369",
        }


def test_sample_is_listed_as_by_mc(tmp_path: Path, place: Place) -> None:
    """What is written to a bucket, which the other program cannot, is listed as in the README."""
    volume(tmp_path / "6001240.zarr")
    keys: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET}
    key = "share/ome2024-ngff-challenge/0.0.5/6001240.zarr"

    place.shell(
        f"ome2024-ngff-challenge 6001240.zarr {key} --output-bucket=idr "
        "--output-endpoint=https://uk1s3.embassy.ebi.ac.uk --cc-by",
        env=keys,
    )

    assert place.listed(key) == [line.split()[-1] for line in LISTING.strip().splitlines()]


# --- The samples ---------------------------------------------------------------------------------


def test_4496763(tmp_path: Path, place: Place) -> None:
    """Details are written from a bucket, edited, and read back: one shard for each Z section."""
    levels = pyramid(sample((4, 25, 64, 64), "<u2"), 6)
    source = write_image(tmp_path / "old.zarr", levels, axes="czyx", chunks=(1, 1, 64, 64))
    for number, level in enumerate(levels):
        shutil.rmtree(source / str(number))
        write_array(source / str(number), level, chunks=(1, 1, *level.shape[2:]))
    place.put(source, "zarr/v0.4/idr0047A/4496763.zarr")

    place.shell(
        "ome2024-ngff-challenge --input-bucket=idr "
        "--input-endpoint=https://uk1s3.embassy.ebi.ac.uk --input-anon "
        "zarr/v0.4/idr0047A/4496763.zarr params_4496763.json --output-write-details"
    )
    written: Any = json.loads((tmp_path / "params_4496763.json").read_text("utf-8"))
    assert [list(entry) for entry in written] == [["shape", "chunks", "shards"]] * 6
    assert [entry["shape"] for entry in written] == [list(level.shape) for level in levels]
    assert [entry["chunks"] for entry in written] == [[1, 1, *level.shape[2:]] for level in levels]

    (tmp_path / "params_4496763.json").write_text(DETAILS, "utf-8")
    place.shell(
        "ome2024-ngff-challenge --input-bucket=idr "
        "--input-endpoint=https://uk1s3.embassy.ebi.ac.uk --input-anon "
        "zarr/v0.4/idr0047A/4496763.zarr 4496763.zarr "
        "--output-read-details params_4496763.json"
    )

    target = tmp_path / "4496763.zarr"
    assert_whole(source, target)
    for number, level in enumerate(levels):
        plane = list(level.shape[2:])
        assert storage(target / str(number)) == ([1, 1, *plane], [4, 1, *plane])
        assert len([p for p in (target / str(number) / "c").rglob("*") if p.is_file()]) == 25


def test_9822152(tmp_path: Path, place: Place) -> None:
    """Levels whose chunks are as small as 91 x 141 take the shapes that are asked for all."""
    levels = pyramid(sample((1, 1, 1, 1456, 2256), "|u1"), 5)
    assert levels[-1].shape == (1, 1, 1, 91, 141)
    source = write_image(tmp_path / "old.zarr", levels, chunks=(1, 1, 1, 1024, 1024))
    for number, level in enumerate(levels):
        shutil.rmtree(source / str(number))
        chunks = [min(n, 1024) for n in level.shape]
        write_array(source / str(number), level, chunks=chunks)
    place.put(source, "zarr/v0.4/idr0083A/9822152.zarr")

    ran = place.shell(
        "ome2024-ngff-challenge --input-bucket=idr "
        "--input-endpoint=https://uk1s3.embassy.ebi.ac.uk --input-anon "
        "zarr/v0.4/idr0083A/9822152.zarr 9822152.zarr "
        "--output-shards=1,1,1,4096,4096 --output-chunks=1,1,1,1024,1024 --log debug"
    )

    assert "DEBUG zarrlift" in ran.err
    target = tmp_path / "9822152.zarr"
    assert_whole(source, target)
    assert storage(target / "0") == ([1, 1, 1, 1024, 1024], [1, 1, 1, 2048, 3072])
    assert storage(target / "4") == ([1, 1, 1, 91, 141], None)


def test_9846151(tmp_path: Path, place: Place) -> None:
    """An image within a collection is converted by its own path, chunks of 2D from those of 3D."""
    values = sample((1, 3, 4, 260, 1030), "|u1")
    source = write_image(
        tmp_path / "9846151.zarr" / "0", pyramid(values), chunks=(1, 1, 4, 256, 256)
    )

    place.shell(
        "ome2024-ngff-challenge 9846151.zarr/0 will/9846151_2D_chunks_3.zarr "
        "--output-shards=1,1,1,4096,4096 --output-chunks=1,1,1,1024,1024 --log debug"
    )

    target = tmp_path / "will" / "9846151_2D_chunks_3.zarr"
    assert_whole(source, target)
    assert storage(target / "0") == ([1, 1, 1, 260, 1024], [1, 1, 1, 260, 2048])


def test_week9_090907(tmp_path: Path, place: Place) -> None:
    """A plate whose images, 1024 x 1280, go into one shard each, of 1024 x 2048."""
    source = write_plate(tmp_path / "plate.zarr", wells=("A/1", "B/2"), fields=1)
    for well in ("A/1", "B/2"):
        levels = pyramid(sample((1, 3, 1, 1024, 1280), "|u1"))
        shutil.rmtree(source / well / "0")
        write_image(source / well / "0", levels, chunks=(1, 1, 1, 1024, 1280))
    uuid = "0762bf96-4f01-454d-9b13-5c8438ea384f"
    place.put(source, f"S-BIAD847/{uuid}/{uuid}.zarr")

    place.shell(
        "ome2024-ngff-challenge --input-bucket=bia-integrator-data "
        "--input-endpoint=https://uk1s3.embassy.ebi.ac.uk --input-anon "
        f"S-BIAD847/{uuid}/{uuid}.zarr /data/will/idr0035/Week9_090907.zarr "
        "--output-shards=1,3,1,1024,2048 --output-chunks=1,1,1,1024,1024 --log debug"
    )

    target = tmp_path / "data" / "will" / "idr0035" / "Week9_090907.zarr"
    assert_whole(source, target)
    for well in ("A/1", "B/2"):
        image = target / well / "0" / "0"
        assert storage(image) == ([1, 1, 1, 1024, 1024], [1, 3, 1, 1024, 2048])
        assert [p.name for p in (image / "c").rglob("*") if p.is_file()] == ["0"]


# --- Converting your data ------------------------------------------------------------------------


def test_getting_started(tmp_path: Path, image: Path, place: Place) -> None:
    """The shortest line converts; with other parameters `--output-overwrite` ignores that."""
    place.shell("ome2024-ngff-challenge input.zarr output.zarr")
    assert_whole(image, tmp_path / "output.zarr")
    assert storage(tmp_path / "output.zarr" / "0")[1] == [1, 2, 2, 48, 80]

    place.shell(
        "ome2024-ngff-challenge input.zarr output.zarr --output-overwrite "
        "--output-shards=1,1,1,48,80"
    )

    assert_whole(image, tmp_path / "output.zarr")
    assert storage(tmp_path / "output.zarr" / "0")[1] == [1, 1, 1, 48, 80]


@pytest.mark.parametrize(
    ("line", "key", "path"),
    [
        (
            """ome2024-ngff-challenge \\
        --input-bucket=BUCKET \\
        --input-endpoint=HOST \\
        --input-anon \\
        input.zarr \\
        output.zarr
""",
            "input.zarr",
            "output.zarr",
        ),
        (
            """ome2024-ngff-challenge \\
        --input-bucket=idr \\
        --input-endpoint=https://uk1s3.embassy.ebi.ac.uk \\
        --input-anon \\
        zarr/v0.4/idr0062A/6001240.zarr \\
        /tmp/6001240.zarr
""",
            "zarr/v0.4/idr0062A/6001240.zarr",
            "tmp/6001240.zarr",
        ),
        (
            """ome2024-ngff-challenge resave --cc-by bucket-path/in.zarr out.zarr \\
                                                   --input-anon \\
                                                   --input-bucket=idr \\
                                                   --input-endpoint=https://uk1s3.embassy.ebi.ac.uk
""",
            "bucket-path/in.zarr",
            "out.zarr",
        ),
    ],
    ids=["input", "6001240", "help"],
)
def test_reading_remotely(line: str, key: str, path: str, tmp_path: Path, place: Place) -> None:
    """A bucket, its server and the word for no keys make the input a key in that bucket."""
    source = volume(tmp_path / "old.zarr")
    place.put(source, key)

    place.shell(line)

    assert_whole(source, tmp_path / path)


def test_reading_and_writing_remotely(tmp_path: Path, place: Place) -> None:
    """Input and output may both be prefixes in a bucket."""
    place.put(volume(tmp_path / "old.zarr"), "both/input.zarr")
    keys: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET}

    place.shell(
        "ome2024-ngff-challenge --input-bucket=BUCKET --input-endpoint=HOST "
        "--output-bucket=BUCKET --output-endpoint=HOST --output-region=us-east-1 "
        "both/input.zarr both/output.zarr",
        env=keys,
    )
    place.shell(
        "ome2024-ngff-challenge --input-bucket=BUCKET --input-endpoint=HOST --input-anon "
        "both/output.zarr back.zarr --silent --rocrate-skip"
    )
    address = f"s3://{PUBLIC}/both/output.zarr"
    reached = {"AWS_ENDPOINT_URL": place.server.endpoint, **keys}
    place.shell(f"ome2024-ngff-challenge validate {address}", env=reached)
    place.shell(f"ome2024-ngff-challenge update {address} --cc0", env=reached)
    assert "CC0" in place.shell(f"zarrlift crate {address}", env=reached).out

    assert_whole(tmp_path / "old.zarr", tmp_path / "back.zarr")


SHAPE = (2, 236, 275, 271)


def dev2(folder: Path) -> Path:
    """Write the README's image for scripts, in its true shape; no chunk of it is stored."""
    levels = [np.zeros((*SHAPE[:2], *(math.ceil(n / k) for n in SHAPE[2:])), "<u2") for k in (1, 2)]
    levels += [np.zeros((2, 236, 69, 68), "<u2")]
    entry = multiscale_of(levels, axes="czyx")
    write_image(folder, [], attributes={"multiscales": [entry]})
    for number, level in enumerate(levels):
        write_array(folder / str(number), level, chunks=(1, 1, *level.shape[2:]), missing="all")
    return folder


def test_writing_scripts(tmp_path: Path, place: Place) -> None:
    """One `zarr.json`, and three scripts that hold the README's statement."""
    dev2(tmp_path / "dev2" / "input.zarr")

    place.shell("ome2024-ngff-challenge dev2/input.zarr /tmp/scripts.zarr --output-script")

    target = tmp_path / "tmp" / "scripts.zarr"
    assert scripts_of(target) == ["0", "1", "2"]
    assert [str(p.relative_to(target)) for p in target.rglob("zarr.json")] == ["zarr.json"]
    statement = (target / "0" / "convert.sh").read_text("utf-8")
    assert (
        "zarrs_reencode --chunk-shape 1,1,275,271 --shard-shape 2,236,275,271 "
        "--dimension-names c,z,y,x --validate"
    ) in statement
    assert re.search(rf" {tmp_path}/dev2/input.zarr/0 {target}/0 ", statement)


@needs_zarrs
def test_running_scripts(tmp_path: Path, place: Place) -> None:
    """The scripts make the image, in the README's example of paths."""
    source = volume(tmp_path / "dev2" / "input.zarr")

    place.shell("ome2024-ngff-challenge dev2/input.zarr /tmp/scripts.zarr --output-script")
    run_scripts(tmp_path / "tmp" / "scripts.zarr", tmp_path)

    assert_whole(source, tmp_path / "tmp" / "scripts.zarr")


def test_optimizing_chunks_and_shards(tmp_path: Path, place: Place) -> None:
    """The two flags set the sizes of all resolutions."""
    levels = pyramid(sample((1, 1, 1, 600, 900), "|u1"))
    source = write_image(tmp_path / "input.zarr", levels, chunks=(1, 1, 1, 600, 450))

    place.shell(
        "ome2024-ngff-challenge input.zarr output.zarr "
        "--output-chunks=1,1,1,256,256 --output-shards=1,1,1,2048,2048"
    )

    target = tmp_path / "output.zarr"
    assert_whole(source, target)
    assert storage(target / "0") == ([1, 1, 1, 256, 256], [1, 1, 1, 768, 1024])
    assert storage(target / "1") == ([1, 1, 1, 256, 256], [1, 1, 1, 512, 512])


def test_parameters(tmp_path: Path, image: Path, place: Place) -> None:
    """Details are in the order of `datasets`; edits are read back, those of a shape ignored."""
    place.shell("ome2024-ngff-challenge input.zarr parameters.json --output-write-details")
    file = tmp_path / "parameters.json"
    text = file.read_text("utf-8")
    assert text.startswith('[{"shape": [1, 2, 2, 48, 80], "chunks": [1, 1, 1, 4, 4], "shards": [')
    details: Any = json.loads(text)
    assert [entry["shape"][-1] for entry in details] == [80, 40]

    details[0] |= {"shape": [1, 1, 1, 1, 1], "shards": [1, 1, 1, 24, 40]}
    details[1] |= {"chunks": [1, 1, 1, 12, 20], "shards": [1, 1, 1, 12, 20]}
    file.write_text(json.dumps(details), "utf-8")
    place.shell(
        "ome2024-ngff-challenge input.zarr output.zarr --output-read-details=parameters.json"
    )

    assert_whole(image, tmp_path / "output.zarr")
    assert storage(tmp_path / "output.zarr" / "0") == ([1, 1, 1, 4, 4], [1, 1, 1, 24, 40])
    assert storage(tmp_path / "output.zarr" / "1") == ([1, 1, 1, 12, 20], None)
