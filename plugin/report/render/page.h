/* The parts of the report page, embedded at build time from page/ (and uPlot, option uplot_js). */
#pragma once

extern const char cf_page_style[], cf_page_script[], cf_page_uplot_script[], cf_page_uplot_style[];
extern const unsigned long cf_page_style_bytes, cf_page_script_bytes, cf_page_uplot_script_bytes,
    cf_page_uplot_style_bytes;
