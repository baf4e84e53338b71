#!/usr/bin/env python3
"""Generates clients from spec/openapi.yaml and runs the same scenario with each against the mock server.

clients.toml says how each client is generated, compiled and run. A scenario must print scenario.txt. The bodies that
grant and remove a profile are those that the mock server received. Then Prism and Schemathesis check the spec.

Without arguments everything runs, and table.md is written. Arguments are names of clients or tools to run.
The exit code is 1 if a result is not the expected one. A program that is not installed is an error too, unless
INTEROP_ALLOW_MISSING is 1. Packages of npm, PyPI, Maven, crates.io and Go are installed into .work or a cache. These
have to be installed before: Go, Node.js, Python, Java, Maven, Cargo, and from Debian php-cli php-curl php-mbstring
php-guzzlehttp-guzzle ruby ruby-typhoeus mono-mcs libmono-system-net-http4.0-cil libmono-system-web4.0-cil
libmono-system-runtime-serialization4.0-cil libnewtonsoft-json5.0-cil.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = HERE / ".work"
SPEC = ROOT / "spec" / "openapi.yaml"
INSTALLED = [HERE / name for name in ("package.json", "package-lock.json", ".npmrc", "requirements.lock")]

MODULE, GRANTED, REMOVED = "2423488000000834003", "2423488000000015978", "2423488000000015975"
ENVIRONMENT = os.environ | {
    "PATH": os.pathsep.join([f"{WORK}/node_modules/.bin", f"{WORK}/venv/bin", os.environ["PATH"]]),
    "SPEC": str(SPEC),
    "WORK": str(WORK),
    "MODULE": MODULE,
    "GRANTED": GRANTED,
    "REMOVED": REMOVED,
}
# Schemathesis expects these of any API. Zoho does otherwise.
CHECKS_OFF = {
    "positive_data_acceptance": "Zoho rejects an unknown id with 400",
    "unsupported_method": "Zoho rejects a wrong method with 400, not 405",
}


class Missing(Exception):
    """A program that a script runs is not installed."""


class Failure(Exception):
    """A command failed, or a response is not the expected one."""


def shell(script, directory=WORK, **environment):
    """Runs a shell script and returns its standard output."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=directory, env=ENVIRONMENT | environment, capture_output=True, text=True, check=False,
    )
    if done.returncode == 127:
        raise Missing(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        raise Failure(f"exit code {done.returncode}: {script.strip()}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def install():
    """Installs the pinned packages of npm and PyPI, and builds the mock server."""
    if missing := [program for program in ("go", "java", "node", "npm") if not shutil.which(program)]:
        sys.exit(f"install {', '.join(missing)} first")
    WORK.mkdir(exist_ok=True)
    shell(f"go build -o {WORK}/zohomock ./contracttest/zohomock", ROOT)
    stamp = WORK / "installed"
    pinned = hashlib.sha256(b"".join(file.read_bytes() for file in INSTALLED)).hexdigest()
    if not stamp.exists() or stamp.read_text() != pinned:
        shell("cp ../package*.json ../.npmrc . && npm ci --no-audit --no-fund")
        shell("rm -rf venv && python3 -m venv venv && pip install --quiet -r ../requirements.lock")
        stamp.write_text(pinned)


def version(package):
    """Returns the pinned version of a package of npm, PyPI or Go."""
    pinned = "".join((HERE / name).read_text() for name in ("package.json", "requirements.lock", "go/go.mod"))
    return re.search(rf'(?m)^\s*"?{re.escape(package)}(?:": "|==| v)([\d.]+)', pinned)[1]


def request(url, method="GET", body=None, **headers):
    """Returns the status and the body of the response. Other statuses than 2xx are not errors."""
    headers = {"Content-Type": "application/json", "Authorization": "Zoho-oauthtoken any"} | headers
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class Server:
    """A server process, which runs as long as the with statement."""

    def __init__(self, ready, *command):
        self.process = subprocess.Popen(command, cwd=WORK, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if found := re.search(ready, line):
                self.url = found[0]
                threading.Thread(target=self.process.stdout.read, daemon=True).start()  # or the pipe fills up
                return
        raise Failure(f"{command[0]} did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def mock_server():
    return Server(r"http://127\S+:\d+", f"{WORK}/zohomock", "-addr", "127.0.0.1:0", "-access-token", "1000.interop")


def sent_profiles(mock):
    """Returns the profiles of the first two updates of MODULE that the mock server received, byte by byte."""
    received = json.loads(request(f"{mock.url}/control/requests")[1])
    bodies = [r["body"] for r in received if r["method"] == "PUT" and r["path"].endswith(MODULE)]
    profiles = [re.search(r'"profiles"\s*:\s*\[(.*?)\]', body, re.DOTALL)[1] for body in bodies[:2]]
    return profiles + [""] * (2 - len(profiles))


def client_row(name, client):
    """Returns the row of the table, and what is wrong."""
    packages = client.get("packages", ["openapi-generator-cli"])
    generator = ", ".join(f"{re.sub('github.com/[^/]+/|/v2$', '', package)} {version(package)}" for package in packages)
    row = [client["language"], generator.replace("openapi-generator-cli", "OpenAPI Generator"), "no", "no", "no", "", "", client.get("note", "")]
    directory = WORK / name
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(HERE / client["folder"], directory)
    try:
        shell(client["generate"], directory)
        row[2] = "yes"
        shell(client["compile"], directory)
        row[3] = f"yes, {client['checks']}"
        with mock_server() as mock:
            printed = shell(client["run"], directory, API_URL=f"{mock.url}/crm/v7", TOKEN="1000.interop")
            grant, removal = sent_profiles(mock)
    except Missing as missing:
        row[4] = f"not run: {missing}"
        return row, missing
    except Failure as failure:
        return row, failure
    row[5:7] = [f"`{grant}`", f"`{removal}`"]
    if printed != (HERE / "scenario.txt").read_text():
        return row, Failure(f"the scenario printed\n{printed}")
    if (json.loads(grant), json.loads(removal)) != ({"id": GRANTED}, {"id": REMOVED, "_delete": None}):
        return row, Failure(f"the grant is {grant}, the removal {removal}")
    row[4] = "yes"
    return row, None


def prism():
    """Every named example of the spec is served, and samples with one change are rejected."""
    with mock_server() as mock:
        spec = json.loads(request(f"{mock.url}/openapi.json")[1])

    def resolve(node):
        while "$ref" in node:
            target = spec
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = target
        return node

    def examples(holder):
        content = resolve(holder).get("content", {}).get("application/json", {})
        return {name: resolve(example)["value"] for name, example in content.get("examples", {}).items()}

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    served = 0
    with Server(r"http://127\S+:\d+", "prism", "mock", str(SPEC), "-h", "127.0.0.1", "-p", port) as server:
        for path, method, operation in [(p, m, o) for p, item in spec["paths"].items() for m, o in item.items() if m in ("get", "put")]:
            url = server.url + re.sub(r"{.*}", "4150868000003611011", path)
            sample = next(iter(examples(operation.get("requestBody", {})).values()), None)
            for status, response in operation["responses"].items():
                for name, value in examples(response).items():
                    got = request(url, method.upper(), sample, Prefer=f"code={status}, example={name}")
                    if got[0] != int(status) or json.loads(got[1]) != value:
                        raise Failure(f"{method} {path} {status} {name} returns {got}")
                    served += 1
            for old, new in ('"_delete": null', '"_delete": true'), ('"sequence_number": 5', '"sequence_number": 0'), ('"id"', '"ID"'):
                changed = json.dumps(sample).replace(old, new)
                if sample and old in json.dumps(sample) and (got := request(url, method.upper(), json.loads(changed)))[0] < 400:
                    raise Failure(f"{method} {path} with {new} returns {got}")
    return f"returns all {served} named examples; rejects samples with one invalid change"


def schemathesis():
    with mock_server() as mock:
        said = shell(
            f"schemathesis run $SPEC --url {mock.url}/crm/v7 -H 'Authorization: Zoho-oauthtoken 1000.interop'"
            f" --checks all --exclude-checks {','.join(CHECKS_OFF)} --seed 1 --no-color"
        )
    found = re.search(r"(\d+) generated", said)[1]
    return f"{found} requests, no finding; without " + ", ".join(f"{check} ({reason})" for check, reason in CHECKS_OFF.items())


TOOLS = {"prism": ("Prism", "@stoplight/prism-cli", prism), "schemathesis": ("Schemathesis against the mock server", "schemathesis", schemathesis)}


def tool_row(title, package, check):
    title = f"{title} {version(package)}"
    try:
        return [title, check()], None
    except Failure as failure:
        return [title, "no"], failure


def table(head, rows):
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, ["---"] * len(head), *rows])


def main():
    clients = tomllib.loads((HERE / "clients.toml").read_text())
    jobs = {name: lambda name=name: client_row(name, clients[name]) for name in clients}
    jobs |= {name: lambda tool=tool: tool_row(*tool) for name, tool in TOOLS.items()}
    chosen = sys.argv[1:] or list(jobs)
    if unknown := set(chosen) - set(jobs):
        sys.exit(f"unknown {', '.join(unknown)}: use {', '.join(jobs)}")
    install()
    rows, wrong = {}, False
    for name in chosen:
        print(f"{name} …", flush=True)
        rows[name], problem = jobs[name]()
        if problem:
            print(f"{name}: {problem}", flush=True)
            wrong = wrong or not (isinstance(problem, Missing) and os.environ.get("INTEROP_ALLOW_MISSING") == "1")
    head = ["Language", "Generator", "Generated", "Compiles", "Scenario passed", "Bytes of a grant", "Bytes of a removal", "Note"]
    text = table(head, [row for name, row in rows.items() if name not in TOOLS])
    text += "\n" + table(["Tool", "Result"], [row for name, row in rows.items() if name in TOOLS])
    print(f"\n{text}")
    if not sys.argv[1:]:
        (HERE / "table.md").write_text(text)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
