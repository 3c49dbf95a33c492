"""Serve the files of a folder with byte ranges, as servers of rasters do; the port is printed."""

import functools
import http.server
import os
import sys
from pathlib import Path


class Served(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        path, asked = self.translate_path(self.path), self.headers.get("Range")
        if not asked or not os.path.isfile(path):
            return super().do_GET()
        content = Path(path).read_bytes()
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last or len(content) - 1), len(content) - 1) + 1
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        self.wfile.write(content[start:stop])


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Served, directory=sys.argv[1]))
    print(server.server_address[1], flush=True)
    server.serve_forever()
