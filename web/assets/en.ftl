name = Name
password = Password
password-again = Password, once more
password-rule = At least 8 characters.
continue = Continue

sign-in-title = Sign in
sign-in = Sign in
sign-in-lost = Lost your password? The owner of this box can give you a new one. The owner runs “whisperengine owner recover” on the machine itself.
sign-out = Sign out

setup-title = Set up
setup-welcome = Welcome
setup-token-why = A companion is about to move in here. To show that this box is yours, enter the set-up token that it printed in its terminal when it started.
setup-token = Set-up token
setup-token-wrong = This is not the token that the box printed last. Copy it from the terminal once more; a new one is printed each time the box starts.
setup-owner = Who are you?
setup-owner-why = You become the owner: you decide who may come in and which models are used.
setup-owner-make = Make my account
setup-passwords-differ = The two passwords differ. Type them once more.
setup-recovery = Keep this code
setup-recovery-why = It is shown once. With it you come back in when the password is lost. Write it down or save it where only you find it.
setup-recovery-kept = I have kept it
setup-model = Connect a language model
setup-model-why = Your companion thinks with a language model: on this machine, such as Ollama or LM Studio, or from a provider. Without one it answers from memory alone.
setup-model-url = Address, as for any OpenAI-shaped client
setup-model-name = Model
setup-model-key = Key, if it needs one
setup-model-test = Test and connect
setup-model-unknown = The server answers, but does not know this model. It knows: { $models }.
setup-later = Later

chat-conversations = Conversations
chat-this = This conversation
chat-title = Name
chat-rename = Rename
chat-new = New conversation
chat-untitled = Untitled
chat-you = You
chat-message = Message
chat-send = Send
chat-stop = Stop
chat-writing = is writing
chat-earlier = What was said earlier
chat-skip = To the message field
chat-stopped = Stopped here.
chat-cut = The model broke off here.
chat-wait = A reply is still being written. Wait for it or stop it, then send again; your words are kept.

remove-title = Remove this conversation
remove-what = “{ $title }” will be removed with everything that was said in it. It cannot be brought back.
remove-do = Remove it
remove-keep = Keep it

search-title = Search
search-words = Words that were said
search-do = Search
search-nothing = Nothing with “{ $words }” was found. Any of the words is enough; try others.

error-title = This did not work
error-back = Back to the chat
error-not-found = There is nothing here, or it is not yours.
error-forbidden = You may not do this.
error-stale = This page was open for too long, or the request came from another site. Go back, reload the page and try again.
error-incomplete = Something was missing in what was sent. Go back and try again.
error-told = { $detail }.
error-internal = Something went wrong inside. The log says what.
