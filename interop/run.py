#!/usr/bin/env python3
"""Makes clients of spec/openapi.yaml with the tools that teams use, and walks with each through zohomock.

Each client is generated, compiled strictly and run against a fresh zohomock over HTTP. What its walk
prints, from typed fields alone, must be walk.txt to the letter; what the stand-in answered and what has
become of its org are looked at besides. Then Prism serves and checks the document, and Schemathesis tries
the stand-in against it. Tools and packages come from npm, PyPI, Maven Central and crates.io into .work.

Arguments, if any, are the names of the clients and tools to run; without, all run, and the table is
written to table.md and spec/README.md. A toolchain that is missing is a failure, unless
INTEROP_ALLOW_MISSING is 1.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = HERE / ".work"
SPEC = ROOT / "spec" / "openapi.yaml"

STEPS = {
    "remove_profile": ("grant and remove a profile", 200),
    "bulk_update": ("bulk, one fails: 207", 207),
    "single_update": ("single", 200),
    "wrong_token": ("401", 401),
    "last_profile": ("400 in the array", 400),
    "unknown_module": ("400 bare", 400),
}
ORG_AFTERWARDS = {
    "profiles": ["2423488000000015975"],
    "roles": [("Sales Lead", 5), ("Decision Maker", 1)],
}
# What Schemathesis expects of any API, and Zoho does otherwise.
CHECKS_OFF = {
    "positive_data_acceptance": "an unknown id is 400 at Zoho",
    "unsupported_method": "a wrong method is 400 at Zoho, not 405",
}


class Missing(Exception):
    """A toolchain that is not installed."""


class Failure(Exception):
    """A command that failed, or an answer that is not the expected one."""


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise Missing(f"no {program}")


def run(*command, cwd=HERE, **environment):
    """Returns the standard output."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"{' '.join(words[:8])} … ended with {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def once(directory, *inputs, do):
    """Does what makes the directory, unless it was made from the same inputs."""
    made_from = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
    stamp = WORK / f"{directory.name}.stamp"
    if not (directory.exists() and stamp.exists() and stamp.read_text() == made_from):
        shutil.rmtree(directory, ignore_errors=True)
        do()
        stamp.write_text(made_from)


def npm(package):
    need("node", "npm")
    files = [HERE / name for name in ("package.json", "package-lock.json", ".npmrc")]

    def install():
        for file in files:
            shutil.copy(file, WORK)
        run("npm", "ci", "--no-audit", "--no-fund", cwd=WORK)

    once(WORK / "node_modules", *(file.read_text() for file in files), do=install)
    return json.loads((HERE / "package.json").read_text())["devDependencies"][package]


def node_program(name):
    return WORK / "node_modules" / ".bin" / name


def pip(package):
    need("python3")
    file = HERE / "requirements.txt"
    requirements = file.read_text()

    def install():
        run("python3", "-m", "venv", WORK / "venv")
        run(python_program("pip"), "install", "--quiet", "-r", file)

    once(WORK / "venv", requirements, do=install)
    return re.search(rf"(?m)^{package}==(.+)$", requirements)[1]


def python_program(name):
    return WORK / "venv" / "bin" / name


def fresh(name, *files):
    """Makes a directory that has only these files."""
    directory = WORK / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for file in files:
        shutil.copy(HERE / file, directory)
    return directory


def openapi_generator(language, target, *options):
    need("java")
    run(python_program("openapi-generator-cli"), "generate", "-i", SPEC, "-g", language, "-o", target, *options)


# Each of these generates and compiles a client in a directory that has the files of its language, and
# returns the command of its walk.


def openapi_fetch(work):
    run(node_program("openapi-typescript"), SPEC, "-o", work / "schema.d.ts")
    return compile_typescript(work, "openapi-fetch")


def hey_api(work):
    run(node_program("openapi-ts"), cwd=work)
    return compile_typescript(work, "hey-api")


def compile_typescript(work, walk):
    run(node_program("tsc"), "-p", work)
    return "node", work / "out" / f"{walk}.js"


def openapi_python_client(work):
    run(python_program("openapi-python-client"), "generate", "--path", SPEC, "--meta", "none", "--output-path", work / "zoho_crm")
    return compile_python(work, "openapi_python_client.py")


def openapi_generator_python(work):
    openapi_generator("python", work, "--package-name", "zoho_crm")
    return compile_python(work, "openapi_generator.py", "--implicit-reexport", "--follow-imports=silent")


def compile_python(work, walk, *options):
    run(python_program("mypy"), "--strict", *options, walk, cwd=work)
    return python_program("python"), work / walk


def java(work):
    need("javac", "mvn")
    openapi_generator("java", work / "client", "--library", "native")
    jars, classes = maven(work / "client" / "pom.xml", WORK / "java-jars"), work / "classes"
    client = (work / "client" / "src" / "main").rglob("*.java")
    run("javac", "-Xlint:all,-deprecation", "-Werror", "-cp", jars, "-d", classes, *client)
    run("javac", "-Xlint:all", "-Werror", "-cp", f"{jars}:{classes}", "-d", classes, work / "Walk.java")
    return "java", "-cp", f"{jars}:{classes}", "Walk"


def kotlin(work):
    need("mvn")
    openapi_generator("kotlin", work / "client", "--additional-properties", "serializationLibrary=jackson")
    directory, classes = WORK / "kotlin-jars", work / "classes"
    jars = maven(work / "pom.xml", directory)
    compiler = ["java", "-cp", jars, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-no-stdlib", "-no-reflect", "-d", classes]
    classpath = ":".join(str(path) for path in [*directory.iterdir(), classes])
    run(*compiler, "-cp", classpath, work / "client" / "src" / "main")
    run(*compiler, "-Werror", "-cp", classpath, work / "Walk.kt")
    return "java", "-cp", f"{jars}:{classes}", "WalkKt"


def maven(pom, directory):
    """Returns the class path of the dependencies."""
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
    options = ["-q", "-B", f"-Dmaven.repo.local={WORK / 'm2'}", f"-DoutputDirectory={directory}"]
    once(directory, goal, *options, pom.read_text(), do=lambda: run("mvn", *options, "-f", pom, goal))
    return f"{directory}/*"


def rust(work):
    need("cargo")
    openapi_generator("rust", work / "zoho_crm", "--package-name", "zoho_crm")
    target = WORK / "rust-target"
    run("cargo", "build", "--quiet", "--target-dir", target, cwd=work, RUSTFLAGS="-D warnings")
    return (target / "debug" / "walk",)


def go(work):
    openapi_generator("go", work / "zohocrm", "--package-name", "zohocrm", "--additional-properties", "withGoMod=false", "--global-property", "apiTests=false,modelTests=false")
    run("gofmt", "-w", work)
    run("go", "vet", "./...", cwd=work)
    run("go", "build", "-o", "walk", ".", cwd=work)
    return (work / "walk",)


@dataclasses.dataclass
class Client:
    name: str
    files: list[str]
    language: str
    generator: str
    version: callable
    strictness: str
    make: callable
    note: str = ""

    def row(self):
        """Returns what goes into the table, and what failed."""
        cells = [self.language, self.generator]
        try:
            cells[1] += f" {self.version()}"
            command = self.make(fresh(self.name, *self.files))
        except Missing as missing:
            return [*cells, f"not run: {missing}", *["" for _ in STEPS], self.note], [missing]
        except Failure as failure:
            return [*cells, "**no**", *["" for _ in STEPS], self.note], [failure]
        cells.append(self.strictness)
        with Mock() as mock:
            failed = walk(mock.api, mock.token, command)
            org = json.loads(get(f"{mock.url}/org"))
        failed |= differences(org, mock.lines)
        for step in STEPS:
            cells.append("**no**" if step in failed else "yes")
        return [*cells, self.note], [Failure(f"{step}: {text}") for step, text in failed.items()]


GENERATOR = "openapi-generator", lambda: pip("openapi-generator-cli")
CLIENTS = [
    Client(
        "openapi-fetch", ["typescript/openapi-fetch.ts", "typescript/tsconfig.json"], "TypeScript",
        "openapi-typescript", lambda: f"{npm('openapi-typescript')}, openapi-fetch {npm('openapi-fetch')}", "tsc strict", openapi_fetch,
    ),
    Client(
        "hey-api", ["typescript/hey-api.ts", "typescript/openapi-ts.config.js", "typescript/tsconfig.json"], "TypeScript",
        "@hey-api/openapi-ts", lambda: npm("@hey-api/openapi-ts"), "tsc strict", hey_api,
    ),
    Client(
        "openapi-python-client", ["python/openapi_python_client.py"], "Python",
        "openapi-python-client", lambda: pip("openapi-python-client"), "mypy strict", openapi_python_client,
    ),
    Client(
        "openapi-generator-python", ["python/openapi_generator.py"], "Python", *GENERATOR, "mypy strict, the caller", openapi_generator_python,
        "the client is not strict in itself",
    ),
    Client(
        "java", ["java/Walk.java"], "Java", *GENERATOR, "javac -Xlint:all -Werror", java,
        "the client uses a deprecated method of Jackson, which is let pass",
    ),
    Client(
        "kotlin", ["kotlin/Walk.kt", "kotlin/pom.xml"], "Kotlin", *GENERATOR, "kotlinc -Werror, the caller", kotlin,
        "by itself the client leaves `_delete: null` out, **which grants**; [a few lines](../interop/kotlin/Walk.kt) mend that",
    ),
    Client("rust", ["rust/Cargo.toml", "rust/walk.rs"], "Rust", *GENERATOR, "rustc -D warnings", rust),
    Client("go", ["go/go.mod", "go/walk.go"], "Go", *GENERATOR, "go vet", go),
]


def walk(api, token, command):
    """Returns, for each step whose lines are not those of walk.txt, what was printed."""
    try:
        printed = run(*command, API_URL=api, TOKEN=token)
    except Failure as failure:
        return {step: str(failure) for step in STEPS}

    def lines_of(step, text):
        return [line for line in text.splitlines() if line.startswith(f"{step} ")]

    expected = (HERE / "walk.txt").read_text()
    return {step: f"printed {got}" for step in STEPS if (got := lines_of(step, printed)) != lines_of(step, expected)}


class Server:
    """A server that the run starts, and ends."""

    def __init__(self, ready, *command):
        self.process = subprocess.Popen([str(word) for word in command], cwd=WORK, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = []
        while line := self.process.stdout.readline():
            self.lines.append(line)
            if ready in line:
                break
        else:
            raise Failure(f"{command[0]} did not start\n{''.join(self.lines)}")
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        self.reader.join()


class Mock(Server):
    """zohomock with the org of Zoho's samples."""

    def __init__(self):
        super().__init__("access token", WORK / "zohomock", "-addr", "127.0.0.1:0")
        self.url = re.search(r"http://\S+:\d+", self.lines[0])[0]
        self.api = f"{self.url}/crm/v7"
        self.token = re.search(r"access token +(\S+)", "".join(self.lines))[1]


def differences(org, log):
    """Returns the steps of the walk after which the stand-in is not as it should be."""
    failed = {}
    answers = re.findall(r" PUT \S+ (\d+)\n", "".join(log))
    if [int(answer) for answer in answers] != [status for _, status in STEPS.values()]:
        failed |= {step: f"the stand-in answered {answers}" for step in STEPS}
    if (profiles := org["modules"][0]["profiles"]) != ORG_AFTERWARDS["profiles"]:
        failed["remove_profile"] = f"the module has the profiles {profiles}"
    roles = [(role["name"], role["sequence_number"]) for role in org["contact_roles"][:2]]
    if roles != ORG_AFTERWARDS["roles"]:
        failed["bulk_update"] = failed["single_update"] = f"the contact roles are {roles}"
    if refused := [line for line in log if line.startswith("zohotest: ")]:
        failed |= {step: "".join(refused) for step in STEPS}
    return failed


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def put(url, body, **headers):
    """Returns the status and the body of the answer."""
    headers = {"Content-Type": "application/json", "Authorization": "Zoho-oauthtoken 1000.any"} | headers
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def prism(*arguments):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server("Prism is listening", node_program("prism"), *arguments, "-h", "127.0.0.1", "-p", port)
    server.url = f"http://127.0.0.1:{port}"
    return server


def prism_mock():
    with Mock() as mock:
        document = json.loads(get(f"{mock.url}/openapi.json"))

    def resolved(node):
        while "$ref" in node:
            target = document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = target
        return node

    served = 0
    with prism("mock", SPEC) as server:
        for template, item in document["paths"].items():
            path = re.sub(r"{.*}", "4150868000003611011", template)
            request = item["put"]["requestBody"]["content"]["application/json"]["examples"]["sample"]
            sample = resolved(request)["value"]
            for status, response in item["put"]["responses"].items():
                for name, example in resolved(response)["content"]["application/json"]["examples"].items():
                    answer = put(server.url + path, sample, Prefer=f"code={status}, example={name}")
                    if answer != (int(status), resolved(example)["value"]):
                        raise Failure(f"{template} {status} {name} is answered {answer}")
                    served += 1
            if (status := put(server.url + path, sample)[0]) != 200:
                raise Failure(f"the sample of {template} is answered {status}")
            for change in ('"_delete": null', '"_delete": true'), ('"sequence_number": 5', '"sequence_number": 0'), ('"id"', '"ID"'):
                changed = json.loads(json.dumps(sample).replace(*change))
                if changed != sample and (status := put(server.url + path, changed)[0]) < 400:
                    raise Failure(f"the sample of {template} with {change[1]} is answered {status}")
    return f"all {served} named examples as in the document; samples accepted, and refused with one fault"


def prism_proxy():
    command = openapi_fetch(fresh("prism-proxy", *CLIENTS[0].files))
    with Mock() as mock, prism("proxy", "--errors", SPEC, mock.api) as server:
        if failed := walk(server.url, mock.token, command):
            raise Failure(str(failed))
        status, answer = put(f"{server.url}/Contacts/roles", {"contact_roles": [{"id": "1", "undeclared": 1}]})
        if status != 422:
            raise Failure(f"a request with an undeclared key is answered {status} {answer}")
    return "the walk between a client and the stand-in breaks no rule; an undeclared key does"


def schemathesis():
    with Mock() as mock:
        said = run(
            python_program("schemathesis"), "run", SPEC, "--url", mock.api, "-H", f"Authorization: Zoho-oauthtoken {mock.token}",
            "--checks", "all", "--exclude-checks", ",".join(CHECKS_OFF), "--seed", "1", "--no-color", cwd=WORK,
        )
    requests = re.search(r"(\d+) generated", said)[1]
    return f"{requests} requests, no finding; off are " + ", ".join(f"{check} ({reason})" for check, reason in CHECKS_OFF.items())


TOOLS = {
    "prism-mock": ("Prism, as mock,", lambda: npm("@stoplight/prism-cli"), prism_mock),
    "prism-proxy": ("Prism, as checking proxy,", lambda: npm("@stoplight/prism-cli"), prism_proxy),
    "schemathesis": ("Schemathesis, against the stand-in,", lambda: pip("schemathesis"), schemathesis),
}


def tool_row(title, version, use):
    try:
        title += f" {version()}"
        return [title, use()], []
    except Missing as missing:
        return [title, f"not run: {missing}"], [missing]
    except Failure as failure:
        return [title, "**no**"], [failure]


def table(head, rows):
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, ["---"] * len(head), *rows])


def main():
    chosen = sys.argv[1:]
    names = [client.name for client in CLIENTS] + list(TOOLS)
    if unknown := set(chosen) - set(names):
        sys.exit(f"unknown {', '.join(unknown)}: choose from {', '.join(names)}")
    try:
        need("go")
    except Missing as missing:
        sys.exit(f"not run: {missing}")
    WORK.mkdir(exist_ok=True)
    run("go", "build", "-o", WORK / "zohomock", "./contracttest/zohomock", cwd=ROOT)

    failures, client_rows, tool_rows = [], [], []

    def add(rows, name, row):
        if chosen and name not in chosen:
            return
        print(f"{name} …", flush=True)
        cells, failed = row()
        rows.append(cells)
        failures.extend(failed)
        for failure in failed:
            print(f"{name}: {failure}", flush=True)

    for client in CLIENTS:
        add(client_rows, client.name, client.row)
    for name, tool in TOOLS.items():
        add(tool_rows, name, lambda: tool_row(*tool))

    head = ["Language", "Generator", "Compiled", *(title for title, _ in STEPS.values()), "Note"]
    tables = table(head, client_rows) + "\n" + table(["Tool", "Result"], tool_rows)
    print(f"\n{tables}")
    if not chosen and not failures:
        (HERE / "table.md").write_text(tables)
        readme = ROOT / "spec" / "README.md"
        marked = re.compile(r"(<!-- interop:begin -->\n).*?(<!-- interop:end -->)", re.DOTALL)
        readme.write_text(marked.sub(lambda m: m[1] + tables + m[2], readme.read_text()))
    if os.environ.get("INTEROP_ALLOW_MISSING") == "1":
        failures = [failure for failure in failures if not isinstance(failure, Missing)]
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
