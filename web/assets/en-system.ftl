system-title = System
system-skip = To how the box is
system-refresh = Refresh
system-lost = The box does not answer at the moment. What is shown here is how it was; it goes on by itself as soon as the box is back.
system-not-done = This was not done: { $why }
system-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
  }
system-just-now = just now
system-ago = { $span } ago
system-since = since { $span }
system-kilobytes = { $count } kB
system-megabytes = { $count } MB
system-gigabytes = { $count } GB
system-at-most = at most { $size }
system-to-do = What to do:
system-said = What was said:

system-how-well = Everything is running.
system-how-well-native = Everything is running, in this one program.
system-how-looking = The box is running. Not everything has answered yet.
system-how-down = { $name } does not work, and the box needs it. Below is what to do.
system-how-trouble = { $name } has trouble, and the box goes on without it. Below is what to do.
system-how-troubles = Several services have trouble, and the box goes on without them. Below is what to do.
system-how-issue = The box is running, and something needs you.
system-how-waiting = { $name } waits for the container engine. The box goes on without it.
system-how-unwatched = Everything answers, but the container engine is gone: should { $name } fail, nobody could mend it.
system-how-coming = { $name } is on its way. The box is running meanwhile.
system-how-warning = { $count ->
    [one] The box is running. There is one thing you may want to look at.
   *[other] The box is running. There are { $count } things you may want to look at.
  }

system-issues = What needs you
system-still-looking = Not everything has answered yet, so there may be more.
system-issue-error = Problem:
system-issue-warning = Warning:
system-issue-note = For your information:
system-no-model-next = Connect one, on this machine or from a provider.
system-repair-try-again = Try again
system-repair-look-again = Check again
system-repair-trust-image = Trust the new image
system-repair-reset-images = Get every image anew
system-repair-begin-empty = Begin with an empty one
system-repair-go-without = Go on without the container
system-repair-close-directory = Close it to others
system-repair-remove-leftovers = Remove what was left behind

system-services = Services
system-part-store = Store
system-part-cache = Cache
system-part-vectors = Search index
system-part-engine = Companion
system-part-voice = Voice
system-kind-memory = In memory
system-kind-disk = Files of its own
system-kind-embedded = Exact search
system-home-native = in the box itself
system-home-container = in a container
system-home-elsewhere = on a server of yours
system-stage-answers = running
system-stage-silent = does not answer
system-stage-unheard = not heard of yet
system-stage-waiting = waiting
system-stage-looking = being looked at
system-stage-fetching = being fetched
system-stage-making = being made
system-stage-starting = starting
system-stage-serving = running
system-stage-unwatched = running, unwatched
system-stage-halting = being ended
system-stage-resting = failed, to be tried again
system-stage-parked = failed, set aside
system-stage-leaving = being taken away
system-fact-image = Image
system-fact-address = Answers at
system-fact-container = Container
system-fact-starts = Started
system-fact-door = The box answers at
system-fact-port = Port inside
system-fact-memory = Memory
system-fact-processor = Processor
system-used-of = { $used } of at most { $most }
system-of-the-box = shares the box’s { $takes }
system-not-told = not known at the moment
system-not-told-of = not known at the moment, at most { $most }
system-cores-little = less than 1 % of one core
system-cores = { $percent } % of one core
system-starts = { $count ->
    [one] once since the box was
   *[other] { $count } times since the box was
  }
system-silent = { $name } does not answer.
system-silent-needed = See that it runs and that the disk has room. Nothing is acknowledged until it answers.
system-silent-next = See that it runs. The box goes on without it.
system-next-try = It is tried again in { $span }.
system-next-try-now = It is tried again now.
system-retry = Try again
system-retry-one = Try { $name } again
system-last-lines = The last lines of { $name }
system-choose-container = Run it in a container
system-choose-native = Let the box do it itself
system-choose-container-what = { $name } is started from the image “{ $image }”, which the container engine fetches first where it is not there yet. It may take { $memory } of memory. Should it fail, the box does its part itself until it is back.
system-choose-room = How large an image is, is told as soon as it is fetched, and one that does not fit is stopped at once. Free where the box keeps its data: { $free }.
system-choose-native-what = { $name }’s container is ended and taken away, and the box does its part itself. The image stays with the container engine.
system-choose-lost = A cache only holds what can be found out again: it starts empty, and nothing that was said is lost.
system-choose-no-engine = No container engine is ready now. It is started as soon as there is one.
system-choose-own-what = WhisperEngine is started once more, from an image that the box makes of itself in a few seconds. It may take { $memory } of memory. Should it fail, the box answers itself until it is back.
system-choose-voice-lost = Nothing that is heard or said is kept, so nothing is lost: what is just being said breaks off, and the box answers whatever comes then.
system-choose-engine-lost = Everything is kept in the database, so nothing that was said is lost, and nobody waits.
system-move-container = Move everything into PostgreSQL
system-move-native = Move everything back into the box
system-move-container-what = Everything that is kept now lies in one file, and is carried into a PostgreSQL that the box keeps in a container. That is worth it where many talk at once, or where the companion is to run in a container too.
system-move-native-what = Everything that is kept now lies in a PostgreSQL that the box keeps in a container, and is carried back into one file. The container is ended and taken away; its volume stays until WhisperEngine is uninstalled.
system-move-how = Until everything is ready the companion goes on answering. Then nobody is answered while it is copied and compared, row by row, and the box starts again. You can stop it meanwhile, and whatever fails leaves everything where it is.
system-move-kept = What it is moved from is kept as it was. What is forgotten later is not forgotten there: delete it among the backups when you no longer need it.
system-fixed-store = The configuration names where everything is kept. To move it, stop the box, run “whisperengine migrate-store”, and name the new place there.
system-fixed-configured = The configuration names this one, so it is changed there.
system-fixed-native = The box was started to run everything in its own process, so nothing runs in a container.
system-done-looked = The container engines were looked at again.
system-done-retried = It is being tried again.
system-done-chosen = Your choice is kept, and is being carried out.
system-done-repaired = That is put right.
system-done-cancelled = It is being cancelled.

system-work = Work under way
system-work-none = There is no long work under way.
system-work-ended = What ended lately
system-job-image = Image for { $subject }
system-job-move = Moving everything
system-job-preparing = bringing up the database
system-job-copying = copying and comparing
system-rows = { $count ->
    [one] { $count } row
   *[other] { $count } rows
  }
system-job-looking = looking
system-job-downloading = downloading
system-job-verifying = checking
system-job-unpacking = unpacking
system-job-loading = loading
system-job-building = building
system-job-done = done
system-job-failed = failed
system-job-cancelled = cancelled
system-job-interrupted = cut off
system-job-took = took { $span }
system-job-of = { $done } of { $total }
system-job-speed = { $size } a second on average
system-job-left = about { $span } left
system-job-still = nothing new for { $span }
system-job-cancel = Cancel
system-job-cancel-one = Cancel: { $name }

system-machine = This machine
system-disk = Disk
system-memory = Memory
system-group = Allowed memory
system-reserve = { $size } of the disk stay free: with less than that no image is fetched, so that what is said can still be kept.
system-kept = What the box keeps here
system-kept-all = Everything
system-kept-data = Conversations and files
system-kept-logs = Logs
system-kept-bundles = Images to load
system-kept-temporary = For the moment
system-free-of = { $free } free of { $total }
system-own-memory = The box itself takes about { $size } of memory.
system-busy = { $cores ->
    [one] Over the last minute { $busy } programs at a time wanted the one processor core.
   *[other] Over the last minute { $busy } programs at a time wanted one of the { $cores } processor cores.
  }

system-help = For somebody who helps you
system-diagnostics = Download diagnostics
system-diagnostics-what = One file with how the box is, its settings and its newest log lines. Passwords, keys and whatever was said are not in it. Names of people are taken out, too, where the box can find out who lives here; README.txt in the file says whether it could. Look it over before you hand it on; it may take some seconds.

system-logs-title = Logs
system-log = Log
system-log-app = Everything
system-log-errors = Warnings and errors
system-log-performance = How long things took
system-log-service = What { $name } said
system-log-follow = Show lines as they come
system-log-following = Lines are shown as they come.
system-log-lost = No new lines come at the moment: the box does not answer, or you are signed out. They go on by themselves as soon as it answers you.
system-log-again = Load the page again
system-log-kept = The container engine could not be asked. These are the last lines that were kept.
system-log-none-kept = The container engine could not be asked, and no lines were kept.
system-all-lines = All of what { $name } says
system-level = Weight
system-level-all = All lines
system-level-info = Information and worse
system-level-warn = Warnings and worse
system-level-error = Errors only
system-log-words = With these words
system-log-show = Show
system-log-newer = Newer lines
system-log-newest = The newest lines
system-log-download = Download as text
system-log-none = Nothing was written down yet.
system-log-none-fit = No recent line fits. Try other words or another weight.
system-log-none-newer = Nothing newer was written down.
system-log-newest-count = { $count ->
    [one] The newest line. There are older ones.
   *[other] The newest { $count } lines. There are older ones.
  }
system-log-all-count = { $count ->
    [one] One line.
   *[other] { $count } lines.
  }
system-log-newer-count = { $count ->
    [one] One newer line.
   *[other] { $count } newer lines.
  }
system-log-unread = The log cannot be read: { $why }
