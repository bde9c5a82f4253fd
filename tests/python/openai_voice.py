"""OpenAI's own client before the door for sound: openai_voice.py ADDRESS KEY FILE

Has the file heard in every shape and prints what it sees, one JSON value a line.
"""

import json
import sys

import openai

address, key, path = sys.argv[1:]
client = openai.OpenAI(base_url=f"http://{address}/v1", api_key=key, max_retries=0, timeout=60)


def say(*value):
    print(json.dumps(value), flush=True)


def heard(**options):
    with open(path, "rb") as file:
        return client.audio.transcriptions.create(**{"model": "whisper-1", "file": file} | options)


say("json", heard().text)
say("text", heard(response_format="text"))
say("srt", heard(response_format="srt").startswith("1\n00:00:00,"))
say("vtt", heard(response_format="vtt").startswith("WEBVTT\n\n"))
told = heard(response_format="verbose_json", timestamp_granularities=["word", "segment"])
say("verbose_json", told.language, told.segments[0].text, [word.word for word in told.words])
with open(path, "rb") as file:
    say("translation", client.audio.translations.create(model="words", file=file).text)
events = list(heard(stream=True))
say("stream", [event.type for event in events], events[-1].text)
try:
    heard(model="other")
    say("was not refused")
except openai.APIStatusError as error:
    say("refused", type(error).__name__, error.status_code)
