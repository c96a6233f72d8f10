"""Drives Sequitur in front of real servers with the Python SDK, and the same servers directly, and prints what it saw
as one JSON document.

usage: servers.py ERA REPOSITORY SERVER ARGUMENT...   (ERA: legacy | modern)
"""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters

MODES = {"legacy": "legacy", "modern": "2026-07-28"}

# Calls whose answer is the same every time: (server, tool, arguments).
SAME = [
    ("everything", "echo", {"message": "héllo"}),
    ("everything", "get-sum", {"a": 40, "b": 2}),
    ("everything", "get-structured-content", {"location": "Chicago"}),
    ("everything", "get-tiny-image", {}),
    ("everything", "get-annotated-message", {"messageType": "error", "includeImage": True}),
    ("everything", "get-resource-links", {"count": 2}),
    ("time", "convert_time", {"source_timezone": "Etc/UTC", "time": "16:30", "target_timezone": "Asia/Tokyo"}),
    ("time", "convert_time", {"source_timezone": "Mars/Base", "time": "16:30", "target_timezone": "Asia/Tokyo"}),
    ("git", "git_log", {"max_count": 1}),
    ("filesystem", "list_directory", {}),
    ("filesystem", "read_text_file", {"path": "/nowhere/at/all"}),
]

COMMANDS = {
    "everything": ("mcp-server-everything", []),
    "time": ("mcp-server-time", []),
    "git": ("mcp-server-git", []),
    "filesystem": ("mcp-server-filesystem", ["REPOSITORY"]),
}


def dump(result):
    return result.model_dump(by_alias=True, mode="json", exclude_none=True)


def filled(tool, arguments, repository):
    if tool.startswith("git_"):
        return {"repo_path": repository, **arguments}
    if tool == "list_directory":
        return {"path": repository, **arguments}
    return arguments


async def outcome(call):
    """A result, or the JSON-RPC error that came instead."""
    try:
        return dump(await call)
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises for an error answer
        return {"error": str(error)}


async def directly(repository):
    answers = {}
    for name, (command, arguments) in COMMANDS.items():
        arguments = [repository if one == "REPOSITORY" else one for one in arguments]
        server = StdioServerParameters(command=command, args=arguments)
        async with Client(server, mode="legacy", read_timeout_seconds=60) as client:
            listed = await client.list_tools()
            answers[name] = {
                "tools": {tool.name: dump(tool) for tool in listed.tools},
                "calls": [
                    await outcome(client.call_tool(tool, filled(tool, given, repository)))
                    for server, tool, given in SAME
                    if server == name
                ],
            }
    return answers


async def through(era, repository, command, arguments):
    seen = []

    async def progress(done, total, message):
        seen.append({"progress": done, "total": total, "message": message})

    server = StdioServerParameters(command=command, args=arguments)
    async with Client(server, mode=MODES[era], read_timeout_seconds=120) as client:
        run = await client.call_tool(
            "execute_workflow", {"template_id": "repository_health", "parameters": {"repository": repository}}
        )
        contents = await client.call_tool("execute_workflow", {"template_id": "content_types"})
        listed = await client.list_tools()
        calls = {name: [] for name in COMMANDS}
        for name, tool, given in SAME:
            call = client.call_tool(f"{name}__{tool}", filled(tool, given, repository))
            calls[name].append(await outcome(call))
        long = await client.call_tool(
            "everything__trigger-long-running-operation", {"duration": 1, "steps": 5}, progress_callback=progress
        )
        found = await client.call_tool("find_tools", {"query": "commit logs", "limit": 5})
        read = await client.call_tool(
            "call_tool", {"name": "git__git_status", "arguments": {"repo_path": repository}}
        )
        refused = await client.call_tool(
            "call_tool", {"name": "git__git_add", "arguments": {"repo_path": repository, "files": ["x"]}}
        )
        wrong = await client.call_tool("git__git_status", {"repository": repository})
    return {
        "run": run.structured_content,
        "contents": contents.structured_content,
        "tools": {tool.name: dump(tool) for tool in listed.tools},
        "calls": calls,
        "long": dump(long),
        "progress": seen,
        "found": found.structured_content,
        "read": dump(read),
        "refused": refused.structured_content,
        "wrong": dump(wrong),
    }


async def main(era, repository, command, arguments):
    print(
        json.dumps(
            {
                "direct": await directly(repository),
                "through": await through(era, repository, command, arguments),
            }
        )
    )


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
