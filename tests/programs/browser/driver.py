"""A headless Chromium, driven by chromedriver over the WebDriver protocol."""
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

DRIVER = shutil.which("chromedriver")


class Browser:
    """Opens files and addresses. Keeps what the console and the network said."""

    def __init__(self):
        if DRIVER is None:
            sys.exit("browser: chromedriver is missing\n  next: tools/setup")
        self.profile = tempfile.TemporaryDirectory(prefix="ringside-browser-")
        # With port 0 it takes a free one, and says which.
        self.process = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL)
        self.base = "http://127.0.0.1:" + self._port()
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu",
                            "--disable-dev-shm-usage", "--hide-scrollbars",
                            "--window-size=1280,900", f"--user-data-dir={self.profile.name}"]}
        self.session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})["sessionId"]

    def _port(self):
        for line in self.process.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return found.group(1)
        sys.exit(f"browser: {DRIVER} ended before it listened")

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        try:
            self._call("DELETE", f"/session/{self.session}")
        finally:
            self.process.terminate()
            self.process.wait(20)
            shutil.rmtree(self.profile.name, ignore_errors=True)

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        # Nothing here takes long. The limit is for a browser that hangs.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from error

    def _in_session(self, path, body):
        return self._call("POST", f"/session/{self.session}/{path}", body)

    def open(self, path):
        """A file, or an address that begins with http."""
        address = str(path)
        if not address.startswith("http"):
            address = pathlib.Path(path).resolve().as_uri()
        self._in_session("url", {"url": address})

    def run(self, script, *arguments):
        return self._in_session("execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, *arguments, seconds=60):
        """What the script returns, once it is true."""
        until = time.monotonic() + seconds
        while True:
            found = self.run(script, *arguments)
            if found:
                return found
            if time.monotonic() > until:
                raise TimeoutError(f"browser: after {seconds} s not true: {script} {arguments}")
            time.sleep(.02)

    def keys(self, *keys):
        """Presses keys, one after the other, wherever the focus is."""
        actions = [action for key in keys for action in (
            {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})]
        self._in_session("actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": actions}]})

    def devtools(self, command, **parameters):
        return self._in_session("goog/cdp/execute", {"cmd": command, "params": parameters})

    def scheme(self, name):
        """light or dark, as the system would say it."""
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": name}])

    def size(self, width, height, phone=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=2 if phone else 1, mobile=phone)

    def console(self):
        """What the console said since the last call."""
        return [entry["message"] for entry in self._in_session("se/log", {"type": "browser"})]

    def requests(self):
        """The addresses that were asked for since the last call."""
        asked = []
        for entry in self._in_session("se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        return asked

    def pdf(self):
        return base64.b64decode(self._in_session("print", {"background": True}))

    def picture(self, path):
        shot = self.devtools("Page.captureScreenshot")
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))


def main():
    """driver.py PAGE DIRECTORY: pictures of a page as desktop and phone, light and dark, and as
    PDF, for people to look at."""
    page, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    os.makedirs(directory, exist_ok=True)
    with Browser() as browser:
        for device, width, height in (("desktop", 1280, 1800), ("phone", 390, 1600)):
            browser.size(width, height, phone=device == "phone")
            for scheme in ("light", "dark"):
                browser.scheme(scheme)
                browser.open(page)
                total = browser.run("return document.documentElement.scrollHeight")
                for part, top in enumerate(range(0, min(total, 8 * height), height)):
                    browser.run("scrollTo({top: arguments[0], behavior: 'instant'})", top)
                    browser.picture(directory / f"{device}-{scheme}-{part}.png")
        (directory / "page.pdf").write_bytes(browser.pdf())


if __name__ == "__main__":
    main()
