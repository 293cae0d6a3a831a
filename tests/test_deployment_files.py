"""deploy/: the files fit the settings, the checkout and each other. No container is started here."""

from __future__ import annotations

import re
import shlex
import subprocess
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import yaml

from signing_service.cli import COMMANDS
from signing_service.commands.server import KEEPALIVE
from signing_service.setting_values import PREFIX
from signing_service.settings import SETTINGS, Settings, parse_settings
from signing_service.store.database import parse_url
from signing_service.store.engine import connection_of
from signing_service.web.app import MAX_REQUEST
from signing_service.web.verification import MAX_UPLOAD

CHECKOUT = Path(__file__).parent.parent
DEPLOY = CHECKOUT / "deploy"
WEB = CHECKOUT / "signing_service" / "web"
ROOM_OF_THE_PROXY = 1 << 20  # bytes: what is too long is the service's to refuse, in words
EXAMPLE = {
    "SITE": "sign.example.org",
    "NAME": "Example Alliance",
    "DATABASE_PASSWORD": "0123456789abcdef",
    "SMTP_URL": "smtps://signing:secret@mail.example.org",
    "MAIL_FROM": "signing@example.org",
    "MAIL_REPLY_TO": "secretariat@example.org",
    "SECRETARIAT": "Alliance secretariat <secretariat@example.org>",
    "SECRETARIAT_PHONE": "+86 25 8586 6888",
    "TIMESTAMP_URLS": "https://tsa.example.org",
    "TIMESTAMP_ANCHORS_FILE": "/srv/signing/anchors/timestamp-anchors.pem",
    "PKCS11_MODULE": "/usr/lib/softhsm/libsofthsm2.so",
    "PKCS11_TOKEN": "signing",
    "PKCS11_PIN": "123456",
    "SESSION_IDLE_MINUTES": "30",
    "SESSION_HOURS": "8",
    "PROOF_MINUTES": "5",
    "PASSWORD_NEEDS_CODE": "yes",
    "SINGLE_SIGN_ON_FILE": "/srv/signing/files/sign-on.toml",
    "REVOCATION_URLS": "http://ocsp.ca.example/",
    "WITNESSES_FILE": "/srv/signing/files/witnesses",
    "WITNESS_QUORUM": "8",
    "SECURITY_CONTACT": "security@example.org",
    "BOUNCE_MAILBOX": "imaps://signing:secret@mail.example.org/INBOX",
    "THREADS": "16",
    "METRICS_FROM": "192.0.2.0/24",
    "METRICS_TOKEN": "0123456789abcdef0123456789abcdef",
    "LOG_FORMAT": "json",
}


def read_a_secret(_path: Path) -> bytes:
    return b"0123456789abcdef0123456789abcdef\n"


def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def interpolate(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)(?::[?-][^}]*)?\}", lambda match: values[match[1]], text)


def image_environment() -> dict[str, str]:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.removeprefix("ENV ") for line in text.splitlines() if line.startswith("ENV ")]
    return dict(word.split("=", 1) for line in lines for word in shlex.split(line))


def compose_settings(values: dict[str, str]) -> Settings:
    environment = image_environment()
    for name, text in compose()["services"]["service"]["environment"].items():
        environment[name] = interpolate(text, values)
    return parse_settings(environment, read_a_secret)


def test_the_composed_service_starts_with_settings_that_parse() -> None:
    settings = compose_settings(EXAMPLE)
    assert settings.public_url == "https://sign.example.org"
    assert settings.database_url == "postgresql+psycopg://signing:0123456789abcdef@database/signing"
    assert settings.key_passphrase_file == Path("/srv/signing/secrets/key-passphrase")
    assert settings.smtp is not None


def test_the_composed_service_starts_without_mail_and_timestamps() -> None:
    needed = ("SITE", "NAME", "DATABASE_PASSWORD")
    empty = {name: text if name in needed else "" for name, text in EXAMPLE.items()}
    settings = compose_settings(empty)
    assert settings.smtp is None
    assert settings.timestamp_urls == ()


def test_every_variable_of_the_compose_file_is_explained_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    explained = set(re.findall(r"^#?(\w+)=", (DEPLOY / "env.example").read_text(), re.MULTILINE))
    assert used == explained == set(EXAMPLE)


def test_every_setting_comes_from_the_compose_file_or_from_the_image() -> None:
    passed = {name.removeprefix(PREFIX) for name in compose()["services"]["service"]["environment"]}
    fixed = {name.removeprefix(PREFIX) for name in image_environment()}
    for setting in SETTINGS:
        assert {setting.name, f"{setting.name}_FILE"} & (passed | fixed), setting.name
    given = compose_settings(EXAMPLE)
    assert (given.threads, given.log_format, given.witness_quorum) == (16, "json", 8)


def test_the_example_says_of_each_setting_what_it_means_and_what_it_is_where_nothing_is_said() -> None:
    text = (DEPLOY / "env.example").read_text().split("may stay as it is")[1]
    told = dict(re.findall(r"^#([A-Z0-9_]+)=(.*)$", text, re.MULTILINE))
    assert {"PKCS11_PIN", "SESSION_HOURS", "LOG_FORMAT"} <= set(told)
    for setting in SETTINGS:
        if setting.name in told:
            assert f"\n# {setting.meaning}" in text, setting.name
            assert told[setting.name] in (setting.default or "", EXAMPLE[setting.name]), setting.name


def test_what_a_setting_names_lies_in_a_folder_beside_the_compose_file() -> None:
    mounts = [mount.split(":") for mount in compose()["services"]["service"]["volumes"] if mount.startswith("./")]
    inside = {path: folder for folder, path, mode in mounts if mode == "ro"}
    named = [Path(value) for value in EXAMPLE.values() if value.startswith("/srv/")]
    assert {str(path.parent) for path in named} == set(inside)
    assert all((DEPLOY / folder / "README.md").exists() for folder in inside.values())


def test_the_image_backs_up_by_tools_of_the_database_s_version() -> None:
    server = re.fullmatch(r"postgres:(\d+)", compose()["services"]["database"]["image"])
    assert server
    assert f"postgresql-client-{server[1]} " in (DEPLOY / "Dockerfile").read_text()


def test_only_the_proxy_is_reached_from_outside_and_only_its_network_is_trusted() -> None:
    composed = compose()
    assert [name for name, service in composed["services"].items() if "ports" in service] == ["proxy"]
    front = ip_network(composed["networks"]["front"]["ipam"]["config"][0]["subnet"])
    assert compose_settings(EXAMPLE).trusted_proxies == (front,)
    assert "front" not in composed["services"]["database"]["networks"]


def test_keys_secrets_and_data_are_volumes_of_their_own() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    mounts = compose()["services"]["service"]["volumes"]
    for folder in ("keys", "secrets", "data"):
        assert f"{folder}:/srv/signing/{folder}" in mounts
        assert f'"/srv/signing/{folder}"' in text


def test_the_image_is_built_from_files_that_are_there_and_let_through() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (CHECKOUT / source).exists(), source
            assert f"!{source}" in ignore, source


def test_the_image_runs_a_command_that_exists_and_not_as_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["signing-service"]' in text
    assert re.findall(r'^CMD \["(\w+)"\]', text, re.MULTILINE)[0] in COMMANDS
    assert text.index("USER signing") > text.rindex("RUN ")


def test_the_image_has_the_tools_of_its_database_for_backup_and_restore() -> None:
    """pg_dump refuses a server that is newer than itself."""
    version = compose()["services"]["database"]["image"].partition(":")[2]
    assert f"postgresql-client-{version} " in (DEPLOY / "Dockerfile").read_text()


def test_the_guard_is_in_no_backup_in_any_words() -> None:
    for page in (DEPLOY / "README.md", CHECKOUT / "docs" / "operations.md"):
        assert re.search(r"The guard \([^)]*\) is not backed up", page.read_text()), page


def test_the_proxy_hands_everything_to_the_service() -> None:
    text = (DEPLOY / "Caddyfile").read_text()
    assert "reverse_proxy {$UPSTREAM:service:8000}" in text
    assert text.count("{") == text.count("}")


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=sign"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *words, *files], check=True, capture_output=True)
    text = (DEPLOY / "nginx" / "signing-service.conf").read_text()
    text = re.sub(r"(ssl_certificate )\S+;", rf"\g<1>{certificate};", text)
    text = re.sub(r"(ssl_certificate_key )\S+;", rf"\g<1>{key};", text)
    text = text.replace("/etc/nginx/signing-service-proxy.conf", str(DEPLOY / "nginx" / "signing-service-proxy.conf"))
    text = re.sub(r"(listen (?:\[::\]:)?)(80|443)\b", r"\g<1>1\g<2>0", text)  # no privilege, nobody else's port
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{text}}}\n")
    done = subprocess.run(["/usr/sbin/nginx", "-t", "-c", str(whole)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_both_proxies_let_through_the_longest_request_that_the_service_takes_and_little_more() -> None:
    own = {name for path in WEB.glob("*.py") for name in re.findall(r"max_content_length = (\w+)", path.read_text())}
    assert own == {"MAX_UPLOAD"}
    assert MAX_UPLOAD > MAX_REQUEST  # for all other addresses
    nginx = (DEPLOY / "nginx" / "signing-service-proxy.conf").read_text()
    caddy = (DEPLOY / "Caddyfile").read_text()
    limits = re.findall(r"client_max_body_size (\d+)m;", nginx) + re.findall(r"max_size (\d+)MiB ", caddy)
    assert [int(limit) << 20 for limit in limits] == [MAX_UPLOAD + ROOM_OF_THE_PROXY] * 2
    for text in (nginx, caddy):
        assert f"the service limits everything else to {MAX_REQUEST >> 20} MiB" in text


def test_both_proxies_take_a_request_whole_before_the_service_has_to_wait_for_its_body() -> None:
    caddy = (DEPLOY / "Caddyfile").read_text()
    assert re.findall(r"request_buffers (\S+)", caddy) == re.findall(r"max_size (\S+)", caddy)
    for path in (DEPLOY / "nginx").iterdir():
        assert "proxy_request_buffering" not in path.read_text()  # which is on by itself


def test_nginx_takes_no_address_that_a_visitor_claims() -> None:
    assert "X-Forwarded-For $remote_addr;" in (DEPLOY / "nginx" / "signing-service-proxy.conf").read_text()


def test_nginx_lets_go_of_a_connection_before_the_service_closes_it() -> None:
    """Else a request that is sent once only meets a closed one now and then, and is lost."""
    text = (DEPLOY / "nginx" / "signing-service.conf").read_text()
    kept = re.search(r"keepalive_timeout (\d+)s;", text)
    assert 0 < int(kept[1]) < KEEPALIVE


def test_both_sides_of_a_connection_to_postgresql_notice_a_lost_machine_as_soon() -> None:
    client = connection_of(parse_url("postgresql://signing@db.example.org/signing"))
    script = (DEPLOY / "postgresql" / "make-primary").read_text()
    server = dict(re.findall(r"^tcp_(\w+) = '?(\w+?)'?$", script, re.MULTILINE))
    asked = {name: str(client[name]) for name in ("keepalives_idle", "keepalives_interval", "keepalives_count")}
    assert server == asked | {"user_timeout": f"{client['tcp_user_timeout'] // 1000}s"}
