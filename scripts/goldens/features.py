"""The element features of CGCNN, decoded from the bins in Sluice's source and checked by the digest of the published table."""

import hashlib
import re
from pathlib import Path

SOURCE = "Sources/ModelFormats/AtomFeatureTable.swift"
DIGEST = "9ecb6fb85c41291d8eeb69c2138769957bb432172952af43f1c8ac7a5af2dbb4"


def table():
    """Rows of 92 zeros and ones, by atomic number; row 0 is empty."""
    text = Path(SOURCE).read_text()
    blocks = re.findall(r'Block\(\s*(\d+),\s*"([^"]{50})"\s*\+ "([^"]{50})"\)', text)
    rows = []
    for element in range(100):
        row = []
        for width, first, second in blocks:
            bin = (first + second)[element]
            row += [int(bin != "." and int(bin, 19) == column) for column in range(int(width))]
        rows.append(row)
    assert hashlib.sha256(bytes(sum(rows, []))).hexdigest() == DIGEST, f"{SOURCE} does not hold the published table"
    return [[0] * 92] + rows
