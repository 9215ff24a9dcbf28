"""Ranges of shards at https://, s3:// or gs://; src/data/remote/."""

import http.client
import os
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from functools import cache

TRIES = 6


class PassingError(Exception):
    """A failure after which another try may succeed."""


def is_remote(location: str) -> bool:
    return location.startswith(("https://", "http://", "s3://", "gs://"))


def read_range(location: str, offset: int, size: int) -> bytes:
    """Reads bytes of a remote file. Raises ValueError that names the file and the position if every try fails."""
    read = {"s3": of_s3, "gs": of_gs}.get(location.split(":")[0], of_web)
    for failed in range(1, TRIES + 1):
        try:
            return read(location, offset, size)
        except PassingError as failure:
            if failed == TRIES:
                raise unreadable(location, offset, f"{failure}. {TRIES} tries failed") from failure
            time.sleep(0.2 * 2**failed * random.uniform(0.5, 1))
        except Exception as error:
            raise unreadable(location, offset, str(error)) from error
    raise AssertionError


def unreadable(location: str, offset: int, why: str) -> ValueError:
    # A query may contain a signature, which is a secret.
    shown = location.split("?")[0] if location.startswith("http") else location
    return ValueError(f"{shown!r} cannot be read at byte {offset}: {why}")


def of_web(location: str, offset: int, size: int) -> bytes:
    address = urllib.parse.urlsplit(location)
    if address.scheme == "http" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ValueError("Over http://, others on the network could change the images. Use https://")
    request = urllib.request.Request(location, headers={"Range": f"bytes={offset}-{offset + size - 1}"})
    pairs = (pair.strip().partition("=") for pair in os.environ.get("SIGNET_HTTPS_TOKENS", "").split(","))
    tokens = {host: token for host, _, token in pairs}
    if tokens.get(address.netloc):
        # Unlike other headers, this one is not sent on to the target of a redirect.
        request.add_unredirected_header("Authorization", f"Bearer {tokens[address.netloc]}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            if answer.status != 206:
                raise ValueError("the server does not answer range requests")
            content: bytes = answer.read(size + 1)
    except urllib.error.HTTPError as error:
        is_passing = error.code >= 500 or error.code in (408, 425, 429)
        why = f"the server answers {error.code} {error.reason}"
        raise (PassingError if is_passing else ValueError)(why) from error
    except (OSError, http.client.HTTPException) as error:
        raise PassingError(str(error)) from error
    if len(content) < size:
        raise PassingError(f"the answer ended after {len(content)} of {size} bytes")
    return content[:size]


def of_s3(location: str, offset: int, size: int) -> bytes:
    return s3_reader()(*object_of(location), offset, size)


def of_gs(location: str, offset: int, size: int) -> bytes:
    return gs_reader()(*object_of(location), offset, size)


def object_of(location: str) -> tuple[str, str]:
    bucket, _, key = location.split("://", 1)[1].partition("/")
    return bucket, key


Reader = Callable[[str, str, int, int], bytes]
"""From a bucket, a key, an offset and a size to the bytes."""


@cache
def s3_reader() -> Reader:
    """Reads with Amazon's client, which retries by itself. Needs `pip install boto3`."""
    import boto3
    from botocore.config import Config

    client = boto3.client("s3", config=Config(retries={"max_attempts": TRIES, "mode": "standard"}))

    def read(bucket: str, key: str, offset: int, size: int) -> bytes:
        answer = client.get_object(Bucket=bucket, Key=key, Range=f"bytes={offset}-{offset + size - 1}")
        content: bytes = answer["Body"].read()
        return content

    return read


@cache
def gs_reader() -> Reader:
    """Reads with Google's client, which retries by itself. Needs `pip install google-cloud-storage`."""
    from google.cloud import storage

    client = storage.Client()

    def read(bucket: str, key: str, offset: int, size: int) -> bytes:
        content: bytes = client.bucket(bucket).blob(key).download_as_bytes(start=offset, end=offset + size - 1)
        return content

    return read
