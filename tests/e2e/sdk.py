"""Drives the server with the Python SDK and prints what it saw as one JSON document.

usage: sdk.py ERA MODEL SERVER ARGUMENT...   (ERA: legacy | modern)
"""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters

MODES = {"legacy": "legacy", "modern": "2026-07-28"}


async def main(era, model, command, arguments):
    seen = []

    async def progress(done, total, message):
        seen.append({"progress": done, "total": total, "message": message})

    server = StdioServerParameters(command=command, args=arguments)
    async with Client(server, mode=MODES[era], read_timeout_seconds=60) as client:
        tools = await client.list_tools()
        run = await client.call_tool(
            "execute_workflow",
            {"template_id": "model_inventory", "parameters": {"model": model}},
            progress_callback=progress,
        )
        status = await client.call_tool(
            "get_workflow_status", {"workflow_id": run.structured_content["workflow_id"]}
        )
        tables = await client.call_tool("02_list_tables", {})
        wrong = await client.call_tool("execute_workflow", {"template_id": "model_inventry"})
    print(
        json.dumps(
            {
                "tools": [tool.name for tool in tools.tools],
                "run": run.structured_content,
                "run_is_error": bool(run.is_error),
                "run_text": run.content[0].text,
                "status": status.structured_content,
                "tables": tables.structured_content,
                "wrong": wrong.structured_content,
                "wrong_is_error": bool(wrong.is_error),
                "progress": seen,
            }
        )
    )


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
