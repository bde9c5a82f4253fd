"""OpenAI's own client listens: openai_speech.py ADDRESS KEY FOLDER

Has the same words said in every shape, has each of them heard, and prints what it sees, one JSON value a line.
"""

import json
import pathlib
import sys

import openai

address, key, folder = sys.argv[1:]
client = openai.OpenAI(base_url=f"http://{address}/v1", api_key=key, max_retries=0, timeout=60)


def say(*value):
    print(json.dumps(value), flush=True)


def said(shape, voice="alloy"):
    path = pathlib.Path(folder) / f"openai.{shape}"
    options = {"model": "tts-1", "voice": voice, "input": "What is my name?", "response_format": shape}
    with client.audio.speech.with_streaming_response.create(**options) as answer:
        answer.stream_to_file(path)
    return path


for shape in ("mp3", "wav", "opus"):
    with open(said(shape), "rb") as file:
        say(shape, client.audio.transcriptions.create(model="whisper-1", file=file).text)
# Two bytes a sample, 24,000 samples a second, about a second.
say("pcm", 24_000 < said("pcm").stat().st_size < 120_000)
try:
    said("wav", voice="nobody")
    say("was not refused")
except openai.APIStatusError as error:
    say("refused", type(error).__name__, error.status_code)
