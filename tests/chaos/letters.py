"""Files to deposit, no two alike."""


def letter(noise: bytes) -> bytes:
    """A PDF of one empty page that carries *noise*, so that no two files are alike."""
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Noise 4 0 R >>",
        b"<< /Length %d >>\nstream\n" % len(noise) + noise + b"\nendstream",
    )
    content, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(content)
    return bytes(content) + b"xref\n0 5\n0000000000 65535 f \n" + table + trailer
