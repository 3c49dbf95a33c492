"""QGIS's proxy, spelled as the variables that pip, uv and Python read."""

from __future__ import annotations

from urllib.parse import quote

from qgis.core import QgsSettings

_SCHEMES = {"HttpProxy": "http", "HttpCachingProxy": "http", "Socks5Proxy": "socks5h"}


def proxy_variables() -> dict[str, str]:
    """Return HTTP_PROXY, HTTPS_PROXY and NO_PROXY as Settings > Options > Network says; nothing where it names no proxy."""
    settings = QgsSettings()
    host = str(settings.value("proxy/proxyHost") or "")
    scheme = _SCHEMES.get(str(settings.value("proxy/proxyType") or ""))
    if not settings.value("proxy/proxyEnabled", False, type=bool) or not host or not scheme:
        return {}
    port = str(settings.value("proxy/proxyPort") or "")
    user, password = (quote(str(settings.value(f"proxy/proxy{name}") or ""), safe="") for name in ("User", "Password"))
    credentials = f"{user}:{password}@" if password else f"{user}@" if user else ""
    address = f"{scheme}://{credentials}{host}" + (f":{port}" if port else "")
    spared = settings.value("proxy/noProxyUrls") or []
    hosts = [url.partition("://")[2] or url for url in ([spared] if isinstance(spared, str) else spared)]
    return {"HTTP_PROXY": address, "HTTPS_PROXY": address, **({"NO_PROXY": ",".join(hosts)} if hosts else {})}
