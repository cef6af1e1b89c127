"""Every Scrapy setting that Dateline changes, each with its reason."""

from __future__ import annotations

from storage.version import VERSION

BOT_NAME = "dateline"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
# `scrapy crawl` ends with 1 where the crawl failed.
COMMANDS_MODULE = "crawler.commands"

# Honest, and without a contact until the archive's settings name one (crawler.runner.crawls).
USER_AGENT = f"Dateline/{VERSION} (self-hosted news archive)"
# Sites address us by this name in robots.txt.
ROBOTSTXT_USER_AGENT = "Dateline"
# The library's default is to ignore robots.txt.
ROBOTSTXT_OBEY = True
ROBOTSTXT_PARSER = "crawler.middlewares.robots.RobotsParser"

# Async callbacks, pipelines and worker processes are awaited on asyncio.
TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
# Refuses private addresses where the connection is made, literals too.
TWISTED_DNS_RESOLVER = "crawler.http.resolver.GuardedResolver"

# Scrapy's fetches all that waits for its turn before it ends: minutes where the delay is long.
DOWNLOADER = "crawler.run.downloader.StoppableDownloader"

# The library verifies no certificates; an archive that cannot say whom it spoke to proves nothing.
DOWNLOAD_VERIFY_CERTIFICATES = True
# The library's limit is 1 GiB. A page is 10 MB at most; endpoints get more by their request.
DOWNLOAD_MAXSIZE = 12 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
# A total, not an idle time: it also ends a server that sends a byte a second.
DOWNLOAD_TIMEOUT = 40
# Only the web: a redirect or a link must not reach files, data URLs, FTP or S3.
DOWNLOAD_HANDLERS = {"data": None, "file": None, "ftp": None, "s3": None}

# One page to one host at a time and a pause between them; the archive's settings may change it.
DOWNLOAD_DELAY = 1.0
CONCURRENT_REQUESTS = 32
CONCURRENT_REQUESTS_PER_DOMAIN = 2
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0
AUTOTHROTTLE_MAX_DELAY = 60.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0

# A page fails in three runs before it is given up (storage.crawl.frontier); once more in a run is
# enough.
RETRY_TIMES = 1
# The run counts and tells it itself, by its cause.
RETRY_GIVE_UP_LOG_LEVEL = "DEBUG"
REDIRECT_MAX_TIMES = 8
# News pages reload themselves by it; ours follows the pages that have no text.
METAREFRESH_ENABLED = False
# One jar for all of a crawl (subscriber access) in place of one for each page's redirects.
DATELINE_SESSION = False
# Nobody may steer a crawl through a port of this machine.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
# The default of 100 starts that many workers for every response: a millisecond of CPU a page.
CONCURRENT_ITEMS = 4
# Candidates are deduplicated in the database; the request fingerprints would only cost memory.
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"
# Bodies waiting for extraction, in bytes, before downloads pause.
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 24 * 1024 * 1024
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    # The library asks for English, and many sites then answer in it.
    "Accept-Language": "*",
}

DOWNLOADER_MIDDLEWARES = {
    # A crawl goes where its links lead; what it asks for is decided by the frontier.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "crawler.middlewares.guard.GuardMiddleware": 60,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.robots.RobotsMiddleware": 100,
    "crawler.middlewares.conditional.ConditionalMiddleware": 540,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.middlewares.retry.PoliteRetryMiddleware": 550,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "crawler.middlewares.capture.CaptureMiddleware": 590,
    "crawler.middlewares.refresh.RefreshMiddleware": 580,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "crawler.http.cookies.ChainCookiesMiddleware": 700,
    "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
}
SPIDER_MIDDLEWARES = {
    # The spider sees every status itself: a 404 or a 304 is news to an archive.
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
    # It drops long URLs without telling the spider, which would wait for them forever.
    # storage.text.urls rejects URLs that are too long.
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    # Two layers around all that a page yields. The queue below keeps the order of requests; the
    # other one warns of what no request of ours does.
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}
# In the order in which they are asked for; by default only a spider's first requests are.
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"
EXTENSIONS = {
    "scrapy.extensions.throttle.AutoThrottle": None,
    "crawler.http.throttle.Throttle": 0,
    # The crawl run keeps its own counts, by verdict and cause; the library's would cost every
    # page a twentieth of its time.
    "scrapy.extensions.corestats.CoreStats": None,
    "scrapy.extensions.logstats.LogStats": None,
    "scrapy.extensions.logcount.LogCount": None,
    # Ours exports what was stored; without FEEDS it switches itself off.
    "scrapy.extensions.feedexport.FeedExporter": None,
    "crawler.pipelines.feed_exports.FeedExporter": 0,
    "scrapy.extensions.spiderstate.SpiderState": None,
}
STATS_CLASS = "scrapy.statscollectors.DummyStatsCollector"
ITEM_PIPELINES = {
    "crawler.pipelines.clean.CleanPipeline": 100,
    "crawler.pipelines.identify.IdentifyPipeline": 200,
    "crawler.pipelines.store.StorePipeline": 300,
}

# Known articles that are rechecked in one run, at most.
DATELINE_RECHECKS = 200
# Pictures and attachments fetched in one run, at most; the next one continues.
DATELINE_MEDIA = 500
# Pages fetched in one run of a source unless the run says otherwise; the rest waits for the next.
DATELINE_LIMIT = 1000
LOG_LEVEL = "INFO"
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
