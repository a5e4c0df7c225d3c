"""Java: found, checked, or named as missing with the command that installs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from weir.errors import SettingError

OLDEST_JAVA = 17
WAY_OUT = (
    "Debian/Ubuntu: apt-get install openjdk-17-jre-headless; Fedora: dnf install "
    "java-17-openjdk-headless; macOS: brew install openjdk@17; or set JAVA_HOME to a JDK 17+"
)


def major_version(banner: str) -> int | None:
    """The major version in the text of `java -version`; None if there is none."""
    found = re.search(r'version "(\d+)(?:\.(\d+))?', banner)
    if not found:
        return None
    first = int(found.group(1))
    return int(found.group(2) or 0) if first == 1 else first


def find_java() -> str:
    """Path of a Java that is new enough. Raises SettingError that says what to install."""
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else shutil.which("java")
    if not java or not shutil.which(java):
        raise SettingError("Java is missing" + (f" at JAVA_HOME={home}" if home else ""), WAY_OUT)
    banner = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    version = major_version(banner)
    if version is None or version < OLDEST_JAVA:
        raise SettingError(f"{java} is Java {version}; {OLDEST_JAVA} or newer is needed", WAY_OUT)
    return java
